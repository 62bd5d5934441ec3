"""A TOML table read by a closed schema: whatever is not expected is an error that says what is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from edgepose.profiles.errors import ProfileError

_KINDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def one_line(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(text.split())


def kind_of(value: object) -> str:
    """Return what a value is, in words for an error."""
    return _KINDS.get(type(value), type(value).__name__)


@dataclass(frozen=True)
class Table:
    """The `values` of one table and `where` it stands, for errors. Every reader raises `ProfileError`."""

    values: Mapping[str, Any]
    where: str

    def check_keys(self, schema: type, required: Sequence[str]) -> None:
        """Require that the keys are fields of a dataclass and that none of `required` is missing."""
        known = [field.name for field in fields(schema)]
        for key in self.values:
            if key not in known:
                raise ProfileError(f"{self.where}: unknown key {key!r}; known: {', '.join(known)}")
        for key in required:
            if key not in self.values:
                raise ProfileError(f"{self.where}: missing key {key!r}; required: {', '.join(required)}")

    def has(self, key: str) -> bool:
        """Tell whether the table has a key."""
        return key in self.values

    def wrong(self, key: str, expected: str) -> ProfileError:
        """Return the error for a value of another kind than expected."""
        found = self.values[key]
        return ProfileError(f"{self.where}: {key} must be {expected}; found {kind_of(found)} {one_line(repr(found))}")

    def text(self, key: str) -> str:
        """Return one line of text that is not empty."""
        value = self.values[key]
        if not isinstance(value, str) or not value.strip() or len(value.splitlines()) != 1:
            raise self.wrong(key, "one line of text")
        return value

    def table(self, key: str) -> "Table | None":
        """Return the table under a key, None where there is none."""
        if key not in self.values:
            return None
        if not isinstance(self.values[key], dict):
            raise self.wrong(key, "a table")
        return Table(self.values[key], f"{self.where}, [{key}]")

    def tables(self, key: str) -> "tuple[Table, ...]":
        """Return the list of tables under a key, empty where there is none."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.wrong(key, "a list of tables")
        return tuple(Table(value, f"{self.where}, [[{key}]] {i + 1}") for i, value in enumerate(values))


def choice(table: Table, key: str, known: Sequence[str]) -> str:
    """Return a text that must be one of `known`."""
    value = table.values[key]
    if value not in known:
        raise table.wrong(key, f"one of {', '.join(known)}")
    return str(value)


def texts_of(table: Table, key: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return a list, not empty and without repeats, of texts that must be among `known`."""
    value = table.values[key]
    listed = isinstance(value, list) and len(value) > 0 and all(isinstance(item, str) for item in value)
    if not listed or not set(value) <= set(known) or len(set(value)) != len(value):
        raise table.wrong(key, f"a list of some of {', '.join(known)}, each once")
    return tuple(value)


def whole_number(table: Table, key: str, least: int) -> int:
    """Return an integer of at least `least`."""
    value = table.values[key]
    if type(value) is not int or value < least:
        raise table.wrong(key, f"a whole number of at least {least}")
    return value


def positive_number(table: Table, key: str) -> float:
    """Return a finite number above zero."""
    value = table.values[key]
    if type(value) not in (int, float) or not 0 < value < float("inf"):
        raise table.wrong(key, "a number above zero")
    return float(value)
