"""The errors of the runtime; all of them are `EdgeposeError`."""

from collections.abc import Iterable
from importlib.util import find_spec

from edgepose.profiles.errors import EdgeposeError


class CardError(EdgeposeError):
    """A model card is missing, malformed, or does not belong to its file."""


class ModelError(EdgeposeError):
    """A model file is absent, corrupt or of a format that no backend takes."""


class NotHereError(ModelError):
    """A model that is in order cannot run on this machine; `needs` is what it lacks, as in "a GPU"."""

    def __init__(self, message: str, needs: str) -> None:
        super().__init__(message)
        self.needs = needs


class TensorError(EdgeposeError):
    """A tensor given to a session has another name, dtype or shape than the model's."""


class SourceError(EdgeposeError):
    """A frame source cannot be opened or decoded."""


class SinkError(EdgeposeError):
    """A result cannot be written or shown."""


class MissingExtraError(EdgeposeError):
    """An optional dependency is not installed; the text names the pip command."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f'{module} is not installed; run: pip install "edgepose[{extra}]"')


def require_modules(modules: Iterable[str], extra: str) -> None:
    """Raise `MissingExtraError` when a module that an extra brings is not installed; none is imported."""
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtraError(module, extra)


def unavailable(error: ImportError, module: str, extra: str) -> EdgeposeError:
    """Return what to raise where a module of an extra cannot be imported: it is absent, or there and broken."""
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == module.partition(".")[0]:
        return MissingExtraError(module, extra)
    return ModelError(f"{module} is installed but cannot be loaded: {error}; install another version of it")
