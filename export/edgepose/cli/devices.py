"""`edgepose devices`: the device profiles that ship."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def devices(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print every profile whole, with its facts.")] = False,
) -> None:
    """List the device profiles that ship, and what `auto` finds here."""
    from edgepose.profiles import load_profile, profile_names  # noqa: PLC0415  waits until the command is called

    profiles = [load_profile(name) for name in profile_names()]
    if as_json:
        typer.echo(json.dumps([asdict(profile) for profile in profiles], indent=1))
        return
    width = max(len(profile.name) for profile in profiles)
    for profile in profiles:
        typer.echo(f"{profile.name:{width}}  {profile.description}")
