"""`edgepose card`: what a model file is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgepose.cli.options import AsJson

if TYPE_CHECKING:
    from edgepose.runtime.model_files.card import ModelCard


def card(
    model: Annotated[str, typer.Argument(help="An exported file, a checkpoint, or a name that ships.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a model's card: what it sees, what goes in and comes out, how accurate it is, on what it was trained."""
    from edgepose.train.evaluation.opening import load_any_card  # noqa: PLC0415  waits until the command is called

    found = load_any_card(model)
    typer.echo(found.to_json() if as_json else "\n".join(f"{name:<10} {text}" for name, text in _lines(found)))


def _lines(found: "ModelCard") -> list[tuple[str, str]]:
    """Return names and texts, one line each."""
    settings, of_export = _object(found.network.get("settings")), _object(found.provenance.get("export"))
    left_out = len(_list(of_export.get("excluded_layers")))
    cut = "all of a picture" if found.sees_everybody else f"a box widened by {found.crop.padding:g}"
    return [
        ("name", found.name),
        ("network", ", ".join([str(found.network["name"]), *(f"{key} {value}" for key, value in settings.items())])),
        ("file", f"{found.format} {found.precision}{f', {left_out} layers in floating point' if left_out else ''}"),
        *(("input", str(tensor)) for tensor in found.inputs),
        *(("output", str(tensor)) for tensor in found.outputs),
        ("picture", f"{found.input_wh[0]}x{found.input_wh[1]} {found.colour}, of {cut}"),
        ("skeleton", f"{found.skeleton}: {', '.join(found.skeleton_object().joints)}"),
        ("somebody", f"scores {found.presence_threshold:g} or more"),
        *(
            ("accuracy", f"{f.metric} {f.value:g} on {f.images} pictures of {f.data} ({f.precision})")
            for f in found.accuracy
        ),
        *(("trained on", run) for run in _runs(found.provenance) or ["unknown"]),
        ("calibrated", str(of_export.get("calibration") or "not")),
        ("licence", found.licence),
    ]


def _runs(provenance: dict[str, Any]) -> list[str]:
    """Return the data of every run of the training, the first one's first."""
    runs: list[str] = []
    of_run: Any = provenance
    while isinstance(of_run, dict):
        runs.insert(0, ", ".join(map(str, _list(of_run.get("data")))))
        of_run = of_run.get("start_from")
    return [run for run in runs if run]


def _object(value: Any) -> dict[str, Any]:
    # what is known of a training and an export is free JSON
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
