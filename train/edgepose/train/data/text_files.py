"""Reading the text files of data sets."""

import csv
from pathlib import Path

from edgepose.train.data.pose_dataset import DataError


def read_text(path: Path) -> str:
    """Return a UTF-8 file's text.

    Raises `DataError` when it cannot be read, or is none.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8: {error}; restore the file of the data set") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}; check its permissions") from error


def read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a table with commas that are not blank, each with the number of its line, from 1.

    Raises `DataError` when it cannot be read, or is none.
    """
    try:
        return [(number, row) for number, row in enumerate(csv.reader(read_text(path).splitlines()), start=1) if row]
    except csv.Error as error:
        raise DataError(f"{path} is no table: {error}; restore the file of the data set") from error
