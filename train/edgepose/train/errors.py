"""What stops a training."""

from edgepose.profiles.errors import EdgeposeError


class TrainingError(EdgeposeError):
    """Training cannot go on."""
