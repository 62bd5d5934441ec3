"""What several commands can be told, in the same words."""

from typing import Annotated

import typer

Data = Annotated[str, typer.Option(help="kind:path[:split], or synthetic:COUNT[:SEED[:KIND]].")]
Device = Annotated[str, typer.Option(help="Device profile: a name of `edgepose devices`, or a .toml.")]
Camera = Annotated[str | None, typer.Option(help="What a camera is asked for: 1280x720, or 1280x720@30.")]
MinScore = Annotated[
    float | None,
    typer.Option(help="Somebody new scores this or more, 0 to 1; as the model's card says if not given."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON document, alone.")]
