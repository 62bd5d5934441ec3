"""A training run as one file: everything that decides its outcome but where the data and the other files lie."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import SKELETONS, Skeleton, skeleton_named
from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.data import WeightedDataset
from edgepose.train.data.augment import AugmentConfig
from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.architectures import architecture_of
from edgepose.train.recipe import Recipe
from edgepose.train.runs.named_recipes import changes_for_int8, named_recipe
from edgepose.train.runs.options import parse_size

SHIPPED = Path(__file__).parents[1] / "recipes"
"""The runs that the shipped weights, and some that want a GPU, were or are made by."""

_OF_A_RECIPE = {field.name: field.default for field in fields(Recipe) if field.name not in ("augment", "qat")}
_OF_CROPS = {field.name: field.default for field in fields(AugmentConfig)}
_LISTS = ("data", "teacher", "unlabelled")


class ConfigError(EdgeposeError):
    """A run's file has an unknown key or a value of another kind."""


@dataclass(frozen=True)
class RunConfig:
    """A run, by the names of the command's options; `settings` are the network's, `input` is `WxH`.

    With a `start_share`, 0 to 1, the run also leaves the average of its best weights and, in that share, those that it
    began with. `changes` are fields of `Recipe` that differ from the named recipe, `augment` those of `AugmentConfig`.
    """

    net: str = ""
    data: tuple[str, ...] = ()
    settings: Mapping[str, str | int] = field(default_factory=dict)
    input: str | None = None
    skeleton: str | None = None
    recipe: str = "paper"
    qat: bool = False
    validate: str | None = None
    start_from: str | None = None
    start_share: float = 0.0
    parsing: str | None = None
    teacher: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    augment: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check("changes", self.changes, _OF_A_RECIPE)
        _check("augment", self.augment, _OF_CROPS)
        if not 0 <= self.start_share < 1 or (self.start_share and (self.qat or not self.start_from)):
            raise ConfigError(
                f"start_share is from 0 to below 1, of the weights that start_from names, and not with qat; found "
                f"{self.start_share!r} of {self.start_from}"
            )

    def with_options(self, options: Mapping[str, Any], changes: Mapping[str, Any]) -> "RunConfig":
        """Return the run with what was given on the command line instead; `qat` there makes the file's one for int8.

        The file's `start_share` is of its own network and `start_from` alone.

        Raises `ConfigError` when a network or data is named nowhere.
        """
        settings = {**self.settings, **options.get("settings", {})}
        if options.keys() & {"start_from", "net", "settings", "input", "skeleton", "qat"}:
            options = {"start_share": 0.0, **options}
        if options.get("qat") and not self.qat:
            # which weights are to be made fit for int8 is for the caller to say: the file's are what its run began with
            options = {"start_from": None, **options}
        of_file = changes_for_int8(self.changes) if options.get("qat") and not self.qat else self.changes
        run = replace(self, **{**options, "settings": settings, "changes": {**of_file, **changes}})
        if not run.net or not (run.data or run.unlabelled):
            raise ConfigError(
                "a run needs a network and data; give --net and --data (or --unlabelled with --teacher), or --config"
            )
        return run

    def spec(self, mix: Sequence[WeightedDataset], teachers: Sequence[Checkpoint] = ()) -> NetworkSpec:
        """Return the network; its skeleton is the first data's where none is named, else the teacher's or the paper's.

        Raises `EdgeposeError` for an unknown network, setting, skeleton or size.
        """
        skeleton = skeleton_named(self.skeleton) if self.skeleton else self._skeleton_of(mix, teachers)
        settings = {name: str(value) for name, value in self.settings.items()}
        return NetworkSpec.of_paper(self.net, settings, skeleton, parse_size(self.input))

    def _skeleton_of(self, mix: Sequence[WeightedDataset], teachers: Sequence[Checkpoint]) -> Skeleton:
        """Return the joints to learn of data; rendered people have those of every convention, and none of their own."""
        paper = architecture_of(self.net)
        of_data = (part.dataset.skeleton for part in mix if part.dataset.has_joints)
        known = [skeleton for skeleton in of_data if skeleton.name in SKELETONS]
        return paper.skeleton_for([*known, *(teacher.spec.skeleton for teacher in teachers), paper.skeleton][0])

    def recipe_for(self, spec: NetworkSpec) -> Recipe:
        """Return how the network is trained.

        Raises `EdgeposeError` for an unknown recipe or an impossible value.
        """
        recipe = named_recipe(self.recipe, spec, qat=self.qat, **_frozen(self.changes))
        return replace(recipe, augment=replace(recipe.augment, **_frozen(self.augment)))

    def to_dict(self) -> dict[str, Any]:
        """Return what differs from the defaults, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value != getattr(RunConfig(), name)}


def read_config(path_or_name: str) -> RunConfig:
    """Read a run's TOML file, or one that ships by its name; `docs/training.md` lists the keys.

    Raises `ConfigError` when it is absent, no TOML, or has an unknown key or a value of another kind.
    """
    path = SHIPPED / f"{path_or_name}.toml" if "." not in Path(path_or_name).name else Path(path_or_name)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.toml")))
        raise ConfigError(
            f"cannot read {path}: {error.strerror}; give a .toml file, or one of these names: {known}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}; see docs/training.md") from error
    try:
        _check("the file", values, {f.name: getattr(RunConfig(), f.name) for f in fields(RunConfig)})
        frozen: dict[str, Any] = {name: tuple(v) if name in _LISTS else v for name, v in values.items()}
        return RunConfig(**frozen)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _check(where: str, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if key not in defaults:
            raise ConfigError(f"unknown key {key!r} in {where}; known: {', '.join(defaults)}")
        kinds = _kinds(defaults[key])
        if isinstance(value, bool) != (bool in kinds) or not isinstance(value, kinds):
            expected = " or ".join(kind.__name__ for kind in kinds)
            raise ConfigError(f"{key} in {where} is of the kind {expected}; found {value!r}")
        if isinstance(value, list | tuple) and key in _LISTS and not all(isinstance(each, str) for each in value):
            raise ConfigError(f"{key} in {where} is a list of texts; found {value!r}")


def _kinds(default: Any) -> tuple[type, ...]:
    if isinstance(default, float):
        return (int, float)
    if isinstance(default, tuple):
        return (list, tuple)
    return (str,) if default is None else (dict,) if isinstance(default, dict) else (type(default),)


def _frozen(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with TOML's lists, and lists in them, as tuples."""
    return {name: _tuple(value) for name, value in values.items()}


def _tuple(value: Any) -> Any:
    return tuple(_tuple(each) for each in value) if isinstance(value, list | tuple) else value
