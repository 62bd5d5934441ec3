"""What the documents say exists."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from edgepose.cli.main import app

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    """Every command of the program by its name, with its options."""
    program: Any = get_command(app)
    found: dict[str, Any] = program.commands
    return found


def shell_lines(document: Path) -> str:
    """Return what stands in a document's fenced shell blocks, a command a line."""
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(), flags=re.DOTALL)
    return "\n".join(blocks).replace("\\\n", " ")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_their_options_exist(document: Path, commands: dict[str, Any]) -> None:
    for line in re.findall(r"^(?:\S*/)?edgepose ([^\n#]+)", shell_lines(document), flags=re.MULTILINE):
        name, *rest = line.split()
        assert name in commands, f"{document.name}: edgepose {name}"
        known = {option for param in commands[name].params for option in (*param.opts, *param.secondary_opts)}
        told = {word.split("=")[0] for word in rest if word.startswith("--")}
        assert told <= known, f"{document.name}: edgepose {name} {' '.join(sorted(told - known))}"


def test_the_makefile_has_every_target_that_the_documents_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
        named |= set(re.findall(r"^make ([a-z-]+)", shell_lines(document), flags=re.MULTILINE))
        assert named <= targets, document.name


def test_every_command_explains_itself_and_its_options(commands: dict[str, Any]) -> None:
    for name, command in commands.items():
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
        assert command.help, name
        for param in command.params:
            assert param.help, f"edgepose {name} {param.opts[0]}"
