"""What the documents say exists."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgepose.cli.main import COMMANDS, app

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md"))]


def shell_lines(document: Path) -> str:
    """Return what stands in a document's fenced shell blocks."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", document.read_text(), flags=re.DOTALL))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_their_options_exist(document: Path) -> None:
    names = {command.__name__ for command in COMMANDS}
    for line in re.findall(r"^edgepose ([^\n#]+)", shell_lines(document), flags=re.MULTILINE):
        command, *rest = line.split()
        assert command in names, f"{document.name}: edgepose {command}"
        told = CliRunner().invoke(app, [command, "--help"]).output
        for option in (word for word in rest if word.startswith("--")):
            assert option.split("=")[0] in told, f"{document.name}: edgepose {command} {option}"


def test_the_makefile_has_every_target_that_the_documents_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
        named |= set(re.findall(r"^make ([a-z-]+)", shell_lines(document), flags=re.MULTILINE))
        assert named <= targets, document.name


def test_every_command_explains_its_options() -> None:
    for command in COMMANDS:
        told = CliRunner().invoke(app, [command.__name__, "--help"])
        assert told.exit_code == 0
        assert command.__doc__
