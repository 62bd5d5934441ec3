"""What is worth knowing of single files of an export, in lines."""

from collections.abc import Sequence

from edgepose.export.formats import exporter_of
from edgepose.export.request import QUANTISED
from edgepose.export.summary.report import Row

SAME = 1.05
"""Medians that differ by less are the same: taken again, they change by as much."""
_NAMED = 5


def slower_rows(rows: Sequence[Row], recommended: str | None = None) -> list[str]:
    """Return a line for every file that is slower here than the fp32 of its format.

    `recommended` is the path of the one that is recommended, for its size perhaps.
    """
    lines = []
    for row in rows:
        fp32 = _fp32_of(row, rows)
        if fp32 is not None and is_slower(row, rows):
            times = f"{row.p50_ms:.2f} ms against {fp32.p50_ms:.2f}"
            verdict = "" if row.path == recommended else ": not recommended"
            lines.append(f"{row.format} {row.precision} is slower here than fp32 ({times}){verdict}")
    return lines


def on_the_clip(rows: Sequence[Row], clip: str) -> list[str]:
    """Return a line for every file that was followed through a clip: how far its poses are from torch's."""
    lines = []
    for row in rows:
        if row.clip is not None:
            off = "nobody seen" if row.clip.distance_px is None else f"{row.clip.distance_px:.2f} px off"
            lines.append(
                f"{row.format} {row.precision} on {clip}: {off}, {row.clip.lost_joints} joints lost, "
                f"{row.clip.missed_frames} of {row.clip.frames} frames without anybody"
            )
    return lines


def is_slower(row: Row, rows: Sequence[Row]) -> bool:
    """Tell whether a file is slower here than the fp32 of its format; fp16 has to be so by more than chance."""
    fp32 = _fp32_of(row, rows)
    if fp32 is None or fp32.p50_ms is None or row.p50_ms is None:
        return False
    return row.p50_ms > fp32.p50_ms * (1.0 if row.precision in QUANTISED else SAME)


def excluded_layers(rows: Sequence[Row]) -> list[str]:
    """Return a line for every list of layers that int8 has in floating point, with the files that share it."""
    files: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row.excluded_layers:
            files.setdefault(row.excluded_layers, []).append(f"{row.format} {row.precision}")
    return [f"in floating point in {', '.join(names)}: {_listed(layers)}" for layers, names in files.items()]


def substituted(rows: Sequence[Row], as_asked: Sequence[Row]) -> list[str]:
    """Return a line for every format that ran, but not on the processor that the device's profile asks for."""
    pairs = zip(rows, as_asked, strict=True)
    found = dict.fromkeys(row.format for row, asked in pairs if row.p50_ms is not None and asked.p50_ms is None)
    return [f"{name} ran on the CPU here, in another's place: its times say nothing of the device" for name in found]


def computed_otherwise(rows: Sequence[Row]) -> list[str]:
    """Return a line for every format that was timed in another arithmetic than it was compared in."""
    found: dict[tuple[str, str], None] = {}
    for row in rows:
        arithmetic = (row.runs_in or "").rpartition("+")[2]
        as_compared = row.precision == "fp16" and exporter_of(row.format, row.precision).computes_in_half
        if arithmetic in ("bf16", "f16", "tf32") and not as_compared:
            found[row.format, arithmetic] = None
    return [
        f"{name} was timed in {arithmetic} and compared with torch in f32: on the device check with edgepose evaluate"
        for name, arithmetic in found
    ]


def not_compared(rows: Sequence[Row]) -> list[str]:
    """Return a line for every timed int8 file without an fp32 of its format beside it: it may be the slower one."""
    alone = [
        row for row in rows if row.precision in QUANTISED and row.p50_ms is not None and _fp32_of(row, rows) is None
    ]
    return [
        f"{row.format} {row.precision} may be slower than fp32, which is not here: add it to --precision"
        for row in alone
    ]


def seen_before(rows: Sequence[Row], calibration: str | None, validation: str) -> list[str]:
    """Return a line where int8 was compared on the very people that it was fitted to."""
    if calibration != validation or not any(row.precision == "int8" for row in rows):
        return []
    return ["int8 was compared on the people that it was calibrated with, which flatters it: give others to --validate"]


def _listed(layers: Sequence[str]) -> str:
    rest = len(layers) - _NAMED
    return ", ".join(layers[:_NAMED]) + (f" and {rest} more, see export.json" if rest > 0 else "")


def _fp32_of(row: Row, rows: Sequence[Row]) -> Row | None:
    if row.precision == "fp32":
        return None
    return next((other for other in rows if (other.format, other.precision) == (row.format, "fp32")), None)
