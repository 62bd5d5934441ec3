"""What stops a training."""

from edgepose.profiles.errors import EdgeposeError


class TrainingError(EdgeposeError):
    """Training cannot go on."""


class SavedAndStopped(KeyboardInterrupt):
    """The loop followed the wish to end: all is saved."""
