"""`edgepose pack`: what it says at its end is what there is."""

import re
from pathlib import Path

from edgepose.train.data import open_dataset
from support.command_line import edgepose
from support.data_sets import write_lsp


def test_the_last_line_says_how_many_people_and_what_to_give_to_data(tmp_path: Path) -> None:
    write_lsp(tmp_path / "lsp", people=4)
    data, out = f"lsp:{tmp_path / 'lsp'}", tmp_path / "people.zip"
    code, printed, told = edgepose("pack", "--data", data, "--out", out)
    assert code == 0, told
    found = re.fullmatch(r"packed (\d+) people of (\S+) into (\S+), (\d+\.\d) MB; use (\S+)\n", printed)
    assert found is not None, printed
    people, *told_paths, size_mb, packed = found.groups()
    assert told_paths == [data, str(out)]
    assert float(size_mb) == round(out.stat().st_size / 1e6, 1)
    assert packed == f"packed:{out}"
    assert len(open_dataset(packed)) == int(people) == 4
