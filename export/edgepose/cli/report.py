"""`edgepose report`: measurements side by side."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    results: Annotated[list[Path], typer.Argument(help="Files that `edgepose profile --json` wrote.")],
    *,
    page: Annotated[
        Path | None, typer.Option(help="Write a page for a browser here, as in latency.html; - prints it.")
    ] = None,
) -> None:
    """Show what `edgepose profile` measured before: one result whole, several side by side, machine by machine."""
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until the command is called

    from edgepose.runtime.plumbing.files import refuse_overwriting, write_text_whole  # noqa: PLC0415
    from edgepose.runtime.profiling.comparison import comparisons, named_reports  # noqa: PLC0415
    from edgepose.runtime.profiling.page import report_page  # noqa: PLC0415
    from edgepose.runtime.profiling.table import report_tables  # noqa: PLC0415

    refuse_overwriting({"--page": page}, {"the results": results})
    reports = named_reports(results)
    alone = str(page) == "-"
    console = Console(stderr=alone, emoji=False)
    if len(reports) == 1:
        console.print(*map(report_tables, reports.values()))
    for comparison in comparisons(reports) if len(reports) > 1 else []:
        console.print(comparison.table())
    if alone:
        typer.echo(report_page(reports), nl=False)
    elif page is not None:
        write_text_whole(page, report_page(reports))
        typer.echo(f"wrote {page}")
