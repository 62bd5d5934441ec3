"""What a device is and what it must reach."""

from edgepose.profiles.errors import EdgeposeError, ProfileError
from edgepose.profiles.profile import Budget, DeviceProfile, Fact, load_profile, profile_names

__all__ = [
    "Budget",
    "DeviceProfile",
    "EdgeposeError",
    "Fact",
    "ProfileError",
    "load_profile",
    "profile_names",
]
