"""One export: every format and precision asked for, each proven before its file appears."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgepose.export.crops import PoseCrops, load_crops
from edgepose.export.errors import ExportError
from edgepose.export.formats import ExportSource, exporter_of
from edgepose.export.graph import to_onnx
from edgepose.export.parity import METRIC, Parity, Reference, measure_parity, reference_of
from edgepose.export.provenance import exported_from
from edgepose.export.report import ExportReport, Row, Timing
from edgepose.export.sensitivity import worst_layers
from edgepose.export.staging import artefact_files, move_in, remove_model, staging_folder
from edgepose.export.tolerances import tolerance_of
from edgepose.profiles import DeviceProfile, load_profile
from edgepose.runtime.backends import open_model
from edgepose.runtime.card import AccuracyFigure, ModelCard
from edgepose.runtime.files import sha256_of
from edgepose.runtime.profiling.network import measure_network
from edgepose.runtime.sidecar import model_files
from edgepose.train.card import card_of_checkpoint
from edgepose.train.checkpoint import load_checkpoint
from edgepose.train.data import open_dataset
from edgepose.train.networks import DeployNetwork
from edgepose.train.prediction import predictor_of
from edgepose.train.session import network_predictor

DEFAULT_DATA = "synthetic:200"
_MOST_CALIBRATION = 300
_UNNAMED = ("best", "last")
"""What training calls its checkpoints; such a model is called by its network."""


@dataclass(frozen=True)
class ExportRequest:
    """What to export: `targets` are (format, precision) pairs.

    `calibrate` and `validate` name data as `open_dataset` takes it; validation is on the calibration's people where it
    is None, else on rendered ones. `limit` bounds the people of each. `device` is a profile: times are measured on it.
    """

    checkpoint: Path
    targets: Sequence[tuple[str, str]]
    out: Path
    calibrate: str | None = None
    validate: str | None = None
    limit: int = 1000
    device: str = "auto"
    runs: int = 100

    def __post_init__(self) -> None:
        for name, precision in self.targets:
            exporter_of(name, precision)
        if self.calibrate is None and any(precision == "int8" for _, precision in self.targets):
            raise ExportError(
                f"int8 needs data to calibrate with; give --calibrate kind:path[:split], or {DEFAULT_DATA} for "
                "rendered people"
            )


@dataclass(frozen=True)
class _Original:
    """The network to export, and everything that its exports are made of and measured by."""

    source: ExportSource
    card: ModelCard
    calibration: PoseCrops | None
    reference: Reference
    profile: DeviceProfile


def run_export(request: ExportRequest, on_step: Callable[[str], None] = lambda _: None) -> ExportReport:
    """Make every file of a request, with `export.json`; `on_step` is told what is being done.

    A file that is not good enough is left out and named in the report's `failures`; call its `raise_failures`. Raises
    `EdgeposeError` when the request cannot be carried out at all.
    """
    with staging_folder(request.out) as staging:
        original = _prepare(request, on_step)
        made: list[tuple[Path, Row, Timing]] = []
        failures = []
        for name, precision in request.targets:
            on_step(f"{name} {precision}: convert and compare")
            try:
                made.append(_make(request, original, name, precision, staging))
            except ExportError as error:
                failures.append(str(error))
                remove_model(request.out / exporter_of(name, precision).file_name(original.card.name, precision))
        report = _report(request, original, made, failures)
        files = [file for path, _, _ in made for file in artefact_files(path)]
        (staging / "export.json").write_text(report.to_json(), encoding="utf-8")
        move_in([*files, staging / "export.json"], request.out)
    return report


def _prepare(request: ExportRequest, on_step: Callable[[str], None]) -> _Original:
    profile = load_profile(request.device)
    checkpoint = load_checkpoint(request.checkpoint)
    stem = request.checkpoint.stem
    card = card_of_checkpoint(checkpoint, None if stem in _UNNAMED else stem)
    on_step("read the data")
    calibration = request.calibrate and load_crops(
        open_dataset(request.calibrate), card, min(request.limit, _MOST_CALIBRATION)
    )
    validation = load_crops(open_dataset(request.validate or request.calibrate or DEFAULT_DATA), card, request.limit)
    on_step("run the network in torch")
    network = checkpoint.build()
    reference = reference_of(network_predictor(network), validation, checkpoint.codec)
    deployed = DeployNetwork(network).eval()
    graph = to_onnx(deployed, card.input_wh)
    card = replace(card, provenance={**card.provenance, "export": exported_from(request.checkpoint, request.calibrate)})
    return _Original(ExportSource(deployed, graph), card, calibration or None, reference, profile)


def _make(
    request: ExportRequest, original: _Original, name: str, precision: str, staging: Path
) -> tuple[Path, Row, Timing]:
    """Return one finished file in the staging folder.

    Raises `ExportError` when it cannot be made or is over a tolerance.
    """
    exporter = exporter_of(name, precision)
    calibration = original.calibration or original.reference.crops
    model = exporter.convert(original.source, precision, calibration.images_rgb)
    card = exporter.card(original.card, precision)
    path = exporter.save(model, staging, card)
    with exporter.open_exact(path) as session:
        parity = measure_parity(predictor_of(session), original.reference)
    _check(original, name, precision, parity)
    path = exporter.save(model, staging, _with_accuracy(card, original.reference, parity))
    timing = _time(path, original.profile, request.runs)
    return path, _row(path, name, precision, parity, timing), timing


def _check(original: _Original, name: str, precision: str, parity: Parity) -> None:
    """Raise `ExportError`, naming the layers that hurt most, when a tolerance is exceeded."""
    problems = parity.problems(tolerance_of(name, precision), original.reference.codec)
    if not problems:
        return
    hint = ""
    if precision != "fp32":
        probe = original.reference.crops.images_rgb
        calibration = original.calibration.images_rgb if original.calibration else probe
        harms = worst_layers(original.source.deployed, calibration, probe, precision)
        hint = "; most hurt by " + ", ".join(f"{harm.layer} ({harm.change:.1%})" for harm in harms)
    raise ExportError(
        f"{name} {precision} of {original.card.name} is not as good as torch: {', '.join(problems)}{hint}; "
        "no such file was left: give more or other data to --calibrate, or take another precision"
    )


def _with_accuracy(card: ModelCard, reference: Reference, parity: Parity) -> ModelCard:
    crops = reference.crops
    figure = AccuracyFigure(crops.data, METRIC, card.precision, round(parity.metric, 3), len(crops))
    return replace(card, accuracy=(*card.accuracy, figure))


def _time(path: Path, profile: DeviceProfile, runs: int) -> Timing:
    with open_model(path, profile) as session:
        return Timing(measure_network(session, runs, warmup=max(runs // 5, 3)), session.info)


def _row(path: Path, name: str, precision: str, parity: Parity, timing: Timing) -> Row:
    return Row(
        format=name,
        precision=precision,
        path=path.name,
        sha256=sha256_of(path),
        size=sum(file.stat().st_size for file in model_files(path)),
        parity=parity.raw,
        px=parity.px,
        metric=parity.metric,
        drop=parity.drop,
        p50=timing.network_ms.p50,
    )


def _report(
    request: ExportRequest, original: _Original, made: list[tuple[Path, Row, Timing]], failures: list[str]
) -> ExportReport:
    reference = original.reference
    return ExportReport(
        model=original.card.name,
        device=request.device,
        metric=METRIC,
        original=reference.metric,
        validation=reference.crops.data,
        people=len(reference.crops),
        calibration=request.calibrate,
        rows=tuple(row for _, row, _ in made),
        timings=tuple(timing for _, _, timing in made),
        failures=tuple(failures),
    )
