"""Which of an export's files to use on a device."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgepose.export.proof.timing import Timing
from edgepose.export.summary.notes import SAME, is_slower
from edgepose.export.summary.report import Recommendation, Row
from edgepose.profiles import DeviceProfile
from edgepose.profiles.profile import AUTO


def recommend(
    rows: Sequence[Row], timings: Mapping[str, Timing], profile: DeviceProfile, metric: str
) -> Recommendation | None:
    """Return the file for a profile's device; None where there is none in its formats.

    It is the fastest measured here, of those inside the profile's budget where any is; of files that are equally fast,
    the first in the profile's order. One that is slower than fp32 is only for a budget that no other keeps. Where the
    format that the profile prefers was not run here, its order decides; for this machine itself, what does not run here
    is left out.
    """
    rows = timed_as_asked(rows, timings, profile)
    fitting = [
        row for row in rows if row.format in profile.formats and (row.p50_ms is not None or profile.name != AUTO)
    ]
    ordered = sorted(fitting, key=lambda row: _rank(row, profile))
    usable = [row for row in ordered if not is_slower(row, rows)]
    if not usable:
        return None
    known = {row.path: _figures(row, timings) for row in ordered}
    inside = [row for row in ordered if not _over_budget(known[row.path], profile)]
    allowed = [row for row in usable if row in inside] or inside or usable
    p50s = {row.path: row.p50_ms for row in ordered if row.p50_ms is not None}
    measured = [row for row in allowed if row.path in p50s]
    if usable[0].path not in p50s or not measured:
        chosen = allowed[0]
        why = (
            f"by the profile's order, not measured: it prefers {chosen.format}, and {chosen.precision} of what is here"
        )
    else:
        least = min(p50s[row.path] for row in measured)
        chosen = next(row for row in measured if p50s[row.path] <= least * SAME)
        lost = f"{chosen.drop:.2f} points below" if chosen.drop > 0 else "no lower than"
        of = "what the device can use" if min(p50s.values()) == least else "what keeps the budget"
        why = f"{_speed(chosen, least, of)}; {metric} {lost} torch's"
    return Recommendation(chosen.path, why + _budget(known[chosen.path], profile))


def timed_as_asked(rows: Sequence[Row], timings: Mapping[str, Timing], profile: DeviceProfile) -> tuple[Row, ...]:
    """Return the rows with the times alone that say something of the device: none of another processor's."""
    return tuple(
        replace(row, p50_ms=None) if row.path in timings and _is_substitute(row, timings[row.path], profile) else row
        for row in rows
    )


def _is_substitute(row: Row, timing: Timing, profile: DeviceProfile) -> bool:
    if not profile.is_like_this_machine:
        return True
    on_cpu_alone = row.format == "onnx" and timing.engine.device == "CPU"
    return on_cpu_alone and bool(profile.providers) and profile.providers[0] != "cpu"


def _rank(row: Row, profile: DeviceProfile) -> tuple[int, int]:
    """Return a file's place in the profile's order; a precision that it does not name comes last."""
    precisions = [*profile.precisions, row.precision]
    return profile.formats.index(row.format), precisions.index(row.precision)


def _speed(chosen: Row, least: float, of: str) -> str:
    if chosen.p50_ms == least:
        return f"the fastest here of {of}, p50 {least:.2f} ms"
    return f"p50 {chosen.p50_ms:.2f} ms, as fast here as the fastest ({least:.2f}) and before it in the profile's order"


def _figures(row: Row, timings: Mapping[str, Timing]) -> dict[str, float]:
    """Return what an export knows of a file, by the names of a budget's limits."""
    found = {"size_mb": row.size_bytes / 1e6}
    if row.p50_ms is not None:
        network_ms = timings[row.path].network_ms
        found |= {f"network_{name}_ms": getattr(network_ms, name) for name in ("p50", "p95", "p99")}
    return found


def _over_budget(known: Mapping[str, float], profile: DeviceProfile) -> list[str]:
    """Return the limits of the profile's budget that a file is over, as far as an export can tell."""
    limits = profile.budget.limits() if profile.budget else {}
    return [
        f"{name} {known[name]:.2f} (at most {limit:g})"
        for name, limit in limits.items()
        if name in known and known[name] > limit
    ]


def _budget(known: Mapping[str, float], profile: DeviceProfile) -> str:
    limits = profile.budget.limits() if profile.budget else {}
    unknown = [name for name in limits if name not in known]
    over = _over_budget(known, profile)
    if over:
        return f"; no file keeps the budget, this one has {', '.join(over)}"
    if len(unknown) < len(limits):
        return "; inside the budget" + (f", of which {', '.join(unknown)} was not measured" if unknown else "")
    return f"; its budget ({', '.join(unknown)}) was not measured" if unknown else ""
