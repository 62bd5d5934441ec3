"""The training loop and its state: steps, saving, resuming, what it shows."""
