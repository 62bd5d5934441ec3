"""What several commands can be told, in the same words."""

from typing import Annotated

import typer

Data = Annotated[str, typer.Option(help="kind:path[:split], or synthetic:COUNT[:SEED[:KIND]].")]
Device = Annotated[str, typer.Option(help="Device profile: a name of `edgepose devices`, or a .toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON document, alone.")]
