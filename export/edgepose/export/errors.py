"""The errors of the export stage; all of them are `EdgeposeError`."""

from edgepose.profiles.errors import EdgeposeError


class ExportError(EdgeposeError):
    """An export cannot be made as asked, or is not what it has to be."""


class ParityError(ExportError):
    """A file was made, and is further from torch than its tolerances."""
