"""One export: every format and precision asked for, each proven before its file appears."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgepose.export.errors import ParityError
from edgepose.export.formats import exporter_of
from edgepose.export.original import Original, prepare
from edgepose.export.proof.clip_parity import ClipParity, clip_parity, follow_clip
from edgepose.export.proof.guard import Guard, Proven
from edgepose.export.proof.parity import METRIC
from edgepose.export.proof.timing import NotRun, Timing, time_files
from edgepose.export.request import QUANTISED, ExportRequest
from edgepose.export.staging import artefact_files, move_in, remove_model, staging_folder
from edgepose.export.summary.notes import (
    computed_otherwise,
    excluded_layers,
    not_compared,
    on_the_clip,
    seen_before,
    slower_rows,
    substituted,
)
from edgepose.export.summary.recommend import recommend, timed_as_asked
from edgepose.export.summary.report import ExportReport, Row
from edgepose.profiles import DeviceProfile, EdgeposeError, load_profile
from edgepose.profiles.profile import AUTO
from edgepose.runtime.model_files.sidecar import model_files
from edgepose.runtime.plumbing.files import sha256_of
from edgepose.runtime.sources.stream import without_password
from edgepose.train.checkpoints.session import TorchSession

__all__ = ["ExportRequest", "run_export"]


def run_export(request: ExportRequest, on_step: Callable[[str], None] = lambda _: None) -> ExportReport:
    """Make every file of a request, with `export.json`; `on_step` is told what is being done.

    A file that is not good enough is left out, with an older one of its name, and named in the report's `failures`;
    call its `raise_failures`. One that cannot be made is named there too, and an older one stays. Raises
    `EdgeposeError` when the request cannot be carried out at all.
    """
    profile = load_profile(request.device)
    with staging_folder(request.out) as staging:
        original = prepare(request, on_step)
        made, worse, failures = _make_all(request, original, staging, on_step)
        outcomes = time_files([proven.path for proven in made], profile, request.runs, on_step)
        clips = _follow(request, made, failures, on_step)
        report = _report(request, original, profile, made, outcomes, clips, failures)
        files = [file for proven in made for file in artefact_files(proven.path)]
        if made or worse:
            (staging / "export.json").write_text(report.to_json(), encoding="utf-8")
            files.append(staging / "export.json")
        for name in worse:
            remove_model(request.out / name)
        move_in(files, request.out)
    return report


def _make_all(
    request: ExportRequest, original: Original, staging: Path, on_step: Callable[[str], None]
) -> tuple[list[Proven], list[str], list[str]]:
    """Return what was made, the names of files that are not good enough, and a line for every file that is missing."""
    made, worse, failures = [], [], []
    guard = Guard(original, staging, calibration=request.calibrate, search=request.search, on_step=on_step)
    for name, precision in request.targets:
        on_step(f"{name} {precision}: convert and compare")
        try:
            made.append(guard.make(name, precision))
        except EdgeposeError as error:
            failures.append(str(error))
            if isinstance(error, ParityError):
                exporter = exporter_of(name, precision)
                worse.append(exporter.file_name(exporter.card(original.card, precision)))
    return made, worse, failures


def _follow(
    request: ExportRequest, made: list[Proven], failures: list[str], on_step: Callable[[str], None]
) -> list[ClipParity | None]:
    """Return how far each file is from torch through the request's clip; add to `failures` why one was not followed."""
    found: list[ClipParity | None] = [None] * len(made)
    if request.clip is None or not made:
        return found
    try:
        on_step("follow the clip in torch")
        with TorchSession(request.checkpoint) as session:
            expected = follow_clip(session, request.clip)
        for place, proven in enumerate(made):
            on_step(f"{proven.format} {proven.precision}: follow the clip")
            with exporter_of(proven.format, proven.precision).open_exact(proven.path) as session:
                found[place] = clip_parity(follow_clip(session, request.clip), expected, session.card)
    except EdgeposeError as error:  # which costs none of the files
        failures.append(f"not followed through the clip to its end: {error}")
    return found


def _report(
    request: ExportRequest,
    original: Original,
    profile: DeviceProfile,
    made: list[Proven],
    outcomes: list[Timing | NotRun],
    clips: list[ClipParity | None],
    failures: list[str],
) -> ExportReport:
    reference = original.reference
    rows = tuple(_row(*each) for each in zip(made, outcomes, clips, strict=True))
    timings = {row.path: outcome for row, outcome in zip(rows, outcomes, strict=True) if isinstance(outcome, Timing)}
    recommended = recommend(rows, timings, profile, METRIC)
    return ExportReport(
        model=original.card.name,
        device=request.device,
        metric=METRIC,
        original=reference.metric,
        validation=reference.crops.data,
        people=len(reference.crops),
        calibration=request.calibrate,
        rows=rows,
        timings=timings,
        recommended=recommended,
        notes=(
            *on_the_clip(rows, without_password(request.clip or "")),
            *seen_before(rows, request.calibrate, reference.crops.data),
            *slower_rows(timed_as_asked(rows, timings, profile), recommended.path if recommended else None),
            *_notes(request, profile, rows, timed_as_asked(rows, timings, profile), outcomes),
        ),
        failures=tuple(failures),
    )


def _row(proven: Proven, outcome: Timing | NotRun, clip: ClipParity | None) -> Row:
    path, parity = proven.path, proven.parity
    row = Row(
        format=proven.format,
        precision=proven.precision,
        path=path.name,
        sha256=sha256_of(path),
        size_bytes=sum(file.stat().st_size for file in model_files(path)),
        raw_difference=parity.raw,
        keypoint_error_px=parity.px,
        score_error=parity.score,
        metric=parity.metric,
        drop=parity.drop,
        p50_ms=None,
        not_run=None,
        runs_in=None,
        excluded_layers=proven.excluded,
        clip=clip,
    )
    if isinstance(outcome, NotRun):
        return replace(row, not_run=outcome.why)
    arithmetic = outcome.engine.precision
    return replace(
        row,
        p50_ms=outcome.network_ms.p50,
        runs_in=f"int8+{arithmetic}" if proven.precision in QUANTISED else arithmetic,
    )


def _notes(
    request: ExportRequest,
    profile: DeviceProfile,
    rows: tuple[Row, ...],
    as_asked: tuple[Row, ...],
    outcomes: list[Timing | NotRun],
) -> tuple[str, ...]:
    """Return each line once: other arithmetic, layers left out, why one was not run, what exporters have to tell."""
    lines = [
        *computed_otherwise(rows),
        *not_compared(as_asked),
        *excluded_layers(rows),
        *substituted(rows, as_asked),
    ]
    not_run: dict[tuple[str, str], str] = {}
    for row, outcome in zip(rows, outcomes, strict=True):
        if isinstance(outcome, NotRun):
            reason = outcome.detail.replace(row.path, "")
            not_run.setdefault((row.format, reason), f"{row.format} was not run here: {outcome.detail}")
    lines += not_run.values()
    for row in rows:
        device = request.device if request.device != AUTO and row.format in profile.formats else None
        exporter = exporter_of(row.format, row.precision)
        note = exporter.note(request.out / row.path, ran=row.not_run is None, device=device)
        lines += [note] if note else []
    return tuple(dict.fromkeys(lines))
