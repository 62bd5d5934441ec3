"""Reading what the commands that train or open networks share from their options."""

from typing import Any

from edgepose.profiles.errors import EdgeposeError


def parse_settings(pairs: list[str] | None) -> dict[str, str]:
    """Read `key=value` pairs.

    Raises `EdgeposeError` for a pair of another form.
    """
    settings = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not (key and equals and value):
            raise EdgeposeError(f"--set takes key=value, as in --set blocks=2; found {pair!r}")
        settings[key] = value
    return settings


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Read `WxH`.

    Raises `EdgeposeError` for a size of another form.
    """
    if text is None:
        return None
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) > 0 and int(height) > 0):
        raise EdgeposeError(f"--input takes WIDTHxHEIGHT in pixels, as in 192x256; found {text!r}")
    return int(width), int(height)


def chosen(**options: Any) -> dict[str, Any]:
    """Return the options that were given, repeated ones as tuples; a flag that is not set is not given."""
    given = {name: value for name, value in options.items() if value not in (None, [], {}) and value is not False}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
