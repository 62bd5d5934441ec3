"""`edgepose card`: what a model file is."""

from typing import TYPE_CHECKING, Annotated

import typer

from edgepose.cli.options import AsJson

if TYPE_CHECKING:
    from edgepose.runtime.card import ModelCard


def card(
    model: Annotated[str, typer.Argument(help="An exported file, a checkpoint, or a name that ships.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a model's card: what it sees, what goes in and comes out, how accurate it is, on what it was trained."""
    from edgepose.train.opening import load_any_card  # noqa: PLC0415  waits until the command is called

    found = load_any_card(model)
    typer.echo(found.to_json() if as_json else "\n".join(f"{name:<10} {text}" for name, text in _lines(found)))


def _lines(found: "ModelCard") -> list[tuple[str, str]]:
    """Return names and texts, one line each."""
    joints = found.skeleton_object().joints
    of_export = found.provenance.get("export") or {}
    left_out = of_export.get("excluded_layers") or []
    width, height = found.input_wh
    settings = found.network.get("settings") or {}
    return [
        ("name", found.name),
        ("network", ", ".join([found.network["name"], *(f"{key} {value}" for key, value in settings.items())])),
        (
            "file",
            f"{found.format} {found.precision}" + (f", {len(left_out)} layers in floating point" if left_out else ""),
        ),
        *(("input", str(tensor)) for tensor in found.inputs),
        *(("output", str(tensor)) for tensor in found.outputs),
        ("picture", f"{width}x{height} {found.colour}, of a box widened by {found.crop.padding:g}"),
        ("skeleton", f"{found.skeleton}: {', '.join(joints)}"),
        ("somebody", f"scores {found.presence_threshold:g} or more"),
        *(
            ("accuracy", f"{f.metric} {f.value:g} on {f.images} pictures of {f.data} ({f.precision})")
            for f in found.accuracy
        ),
        ("trained on", ", ".join(found.provenance.get("data") or ["unknown"])),
        ("calibrated", str(of_export.get("calibration") or "not")),
        ("licence", found.licence),
    ]
