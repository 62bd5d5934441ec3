"""How long a model takes, alone and in the camera path, and under which circumstances that was measured."""

DEFAULT_SOURCE = "synthetic:0:180"
"""A clip in which somebody walks in within the first third and is followed by the models that ship to its end."""
