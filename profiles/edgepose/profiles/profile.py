"""Device profiles: what a device is, how a model is opened on it, and what it must reach."""

import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from edgepose.profiles.errors import ProfileError
from edgepose.profiles.probe import probe_this_machine
from edgepose.profiles.schema import Table, choice, one_line, positive_number, texts_of, whole_number

FORMATS = ("onnx", "openvino", "tflite", "tensorrt")
PRECISIONS = ("fp32", "fp16", "int8", "dynamic-int8")
INFERENCE_PRECISIONS = ("f32", "bf16", "f16")
PROVIDERS = ("tensorrt", "cuda", "coreml", "qnn", "xnnpack", "cpu")
ARCHITECTURES = ("x86_64", "arm64", "wasm")
AUTO = "auto"
_OTHER_NAMES = {"aarch64": "arm64", "armv7l": "arm64", "armv8l": "arm64", "amd64": "x86_64"}


@dataclass(frozen=True)
class Fact:
    """Something known about a device, and where it is published."""

    text: str
    source: str


@dataclass(frozen=True)
class Budget:
    """What a device must reach; None asks for nothing. Only `fps` is a floor, all others are ceilings.

    `network_*` is the network alone, `pipeline_*` all work on one frame once it is there, `age_p95_ms` the
    time from capture to result, waiting included.
    """

    network_p50_ms: float | None = None
    network_p95_ms: float | None = None
    network_p99_ms: float | None = None
    pipeline_p50_ms: float | None = None
    pipeline_p95_ms: float | None = None
    pipeline_p99_ms: float | None = None
    age_p95_ms: float | None = None
    fps: float | None = None
    rss_mb: float | None = None
    size_mb: float | None = None
    first_pose_ms: float | None = None

    def limits(self) -> dict[str, float]:
        """Return the limits that are set, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class DeviceProfile:
    """A device as the toolkit sees it.

    `formats` and `precisions` are in order of preference. `threads` 0 leaves the number to the engine.
    `memory_mb` and `architecture`, the CPU's, are None where they vary. `device` is the engine's name for the
    processor, and `inference_precision` what the engine is asked to compute in, None being its own default.
    `providers` are ONNX Runtime's execution providers in order of preference, none being the CPU's.
    """

    name: str
    description: str
    formats: tuple[str, ...]
    precisions: tuple[str, ...]
    threads: int = 0
    memory_mb: int | None = None
    architecture: str | None = None
    device: str = "CPU"
    inference_precision: str | None = None
    providers: tuple[str, ...] = ()
    budget: Budget | None = None
    facts: tuple[Fact, ...] = ()

    @property
    def is_like_this_machine(self) -> bool:
        """Whether its CPU is of this machine's architecture, as far as it tells: else no time taken here is its own."""
        here = probe_this_machine().architecture.lower()
        return self.architecture in (None, _OTHER_NAMES.get(here, here))


def profile_names() -> tuple[str, ...]:
    """Return the names that `load_profile` knows: `auto`, then the shipped devices by name."""
    shipped = (path.name for path in _devices().iterdir() if path.name.endswith(".toml"))
    return (AUTO, *sorted(name.removesuffix(".toml") for name in shipped))


def load_profile(name_or_path: str | Path) -> DeviceProfile:
    """Return a shipped profile, this machine's (`auto`), or the one in a .toml file.

    Raises `ProfileError` when there is no such profile, listing those that exist, or when the file does not
    follow the schema.
    """
    text = str(name_or_path)
    if text == AUTO:
        return _this_machine()
    if text in profile_names():
        return parse_profile((_devices() / f"{text}.toml").read_text(encoding="utf-8"), text)
    if not text.endswith(".toml"):
        known = ", ".join(profile_names())
        raise ProfileError(f"unknown device {text!r}; known: {known}, or a path to your own .toml")
    try:
        return parse_profile(Path(text).read_text(encoding="utf-8"), text)
    except OSError as error:
        raise ProfileError(f"cannot read the device profile {text}: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"device profile {text} is not UTF-8 text; save it as UTF-8") from error


def parse_profile(toml: str, where: str) -> DeviceProfile:
    """Return the profile that a TOML text describes; `where` names it in errors.

    Raises `ProfileError` when it is no TOML or has an unknown, missing or malformed key.
    """
    try:
        values = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"device profile {where} is not valid TOML: {one_line(str(error))}") from error
    return _profile(Table(values, f"device profile {where}"))


def _profile(table: Table) -> DeviceProfile:
    table.check_keys(DeviceProfile, required=("name", "description", "formats", "precisions", "threads"))
    facts = table.tables("facts")
    budget = table.table("budget")
    return DeviceProfile(
        name=table.text("name"),
        description=table.text("description"),
        formats=texts_of(table, "formats", FORMATS),
        precisions=texts_of(table, "precisions", PRECISIONS),
        threads=whole_number(table, "threads", least=0),
        memory_mb=whole_number(table, "memory_mb", least=1) if table.has("memory_mb") else None,
        architecture=choice(table, "architecture", ARCHITECTURES) if table.has("architecture") else None,
        device=table.text("device") if table.has("device") else "CPU",
        inference_precision=_inference_precision(table),
        providers=texts_of(table, "providers", PROVIDERS) if table.has("providers") else (),
        budget=_budget(budget) if budget else None,
        facts=tuple(_fact(fact) for fact in facts),
    )


def _inference_precision(table: Table) -> str | None:
    if not table.has("inference_precision"):
        return None
    return choice(table, "inference_precision", INFERENCE_PRECISIONS)


def _budget(table: Table) -> Budget:
    table.check_keys(Budget, required=())
    return Budget(**{key: positive_number(table, key) for key in table.values})


def _fact(table: Table) -> Fact:
    table.check_keys(Fact, required=("text", "source"))
    return Fact(table.text("text"), table.text("source"))


def _this_machine() -> DeviceProfile:
    machine = probe_this_machine()
    facts = tuple(Fact(text, source) for text, source in machine.facts)
    return DeviceProfile(
        name=AUTO,
        description=f"this machine: {machine.cpu}, {machine.cores} cores",
        formats=("openvino", "onnx", "tflite", "tensorrt"),
        precisions=("int8", "fp16", "fp32"),
        threads=machine.physical_cores,
        memory_mb=machine.memory_mb,
        facts=facts,
    )


def _devices() -> Traversable:
    return resources.files("edgepose.profiles") / "devices"
