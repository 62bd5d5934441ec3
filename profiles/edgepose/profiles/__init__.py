"""What a device is and what it must reach."""
