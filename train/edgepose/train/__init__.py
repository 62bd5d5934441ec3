"""From a dataset to a trained checkpoint: networks, data, losses, metrics, the training loop."""
