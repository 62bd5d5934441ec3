"""The root of every error that edgepose raises on purpose."""


class EdgeposeError(Exception):
    """Something the user can mend: its text is one line, and the command line exits with code 2.

    The text says what was expected, what was found and what to do next.
    """


class ProfileError(EdgeposeError):
    """A device profile is unknown or does not follow the schema."""
