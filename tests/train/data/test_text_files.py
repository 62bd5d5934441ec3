"""Texts and tables of data sets: rows know their lines, and what is no text or table is one clear error."""

from pathlib import Path

import pytest

from edgepose.train.data import DataError
from edgepose.train.data.text_files import read_rows, read_text


def test_rows_know_their_lines_and_blank_ones_are_left_out(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text('\ufeffa,1\n\n"b, c",2\n\n', encoding="utf-8")
    assert read_rows(table) == [(1, ["a", "1"]), (3, ["b, c", "2"])]


def test_a_text_of_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match=r"^[^\n]*names.txt is no text in UTF-8: [^\n]*; restore the file of the data"):
        read_text(tmp_path / "names.txt")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^cannot read [^\n]*absent.txt: [^\n]+; check its permissions$"):
        read_text(tmp_path / "absent.txt")


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("x" * 200_000)
    with pytest.raises(DataError, match=r"^[^\n]*table.csv is no table: field larger than field limit[^\n]*; restore"):
        read_rows(tmp_path / "table.csv")
