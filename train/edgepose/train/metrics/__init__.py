"""The field's accuracy measures."""
