"""`edgepose parts`: which joints belong together."""

import json
from pathlib import Path
from typing import Annotated

import typer

from edgepose.cli.options import AsJson


def parts(
    *,
    data: Annotated[list[str], typer.Option(help="kind:path[:split]; only labels are read; may be repeated.")],
    groups: Annotated[int | None, typer.Option(min=1, help="How many groups; PBN's own number by default.")] = None,
    skeleton: Annotated[str | None, typer.Option(help="Whose joints to group; the first data's by default.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the matrix and the groups into this picture.")] = None,
    as_json: AsJson = False,
) -> None:
    """Group the joints of a data set by how much their places tell about each other, for PBN's branches."""
    from edgepose.runtime.skeleton import SKELETONS, skeleton_named  # noqa: PLC0415  heavy imports wait
    from edgepose.train.data import open_dataset  # noqa: PLC0415
    from edgepose.train.label_study.joint_statistics import joint_statistics  # noqa: PLC0415
    from edgepose.train.networks.joint_groups import usual_number, write_groups  # noqa: PLC0415
    from edgepose.train.pictures.file import check_picture  # noqa: PLC0415
    from edgepose.train.pictures.joint_statistics import save_joint_statistics_picture  # noqa: PLC0415

    if plot is not None:
        check_picture(plot, data)
    joints = skeleton_named(skeleton) if skeleton else None
    statistics = joint_statistics([open_dataset(spec) for spec in data], joints)
    document = statistics.to_dict(usual_number(statistics.skeleton) if groups is None else groups)
    if plot is not None:
        save_joint_statistics_picture(plot, statistics, document["groups"])
    if as_json:
        typer.echo(json.dumps(document, indent=1))
        return
    typer.echo(f"{statistics.people} people, {len(statistics.skeleton)} joints of {statistics.skeleton.name}")
    for number, group in enumerate(document["groups"], start=1):
        typer.echo(f"group {number}  {' '.join(group)}")
    if statistics.skeleton.name in SKELETONS:
        typer.echo(f"for PBN: --set groups={write_groups(document['groups'])}")
    else:
        typer.echo(f"for PBN: give --skeleton, one of {', '.join(SKELETONS)}")
    if plot is not None:
        typer.echo(f"wrote {plot}")
