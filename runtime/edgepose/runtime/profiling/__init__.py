"""How long a model takes, alone and in the camera path, and under which circumstances that was measured."""
