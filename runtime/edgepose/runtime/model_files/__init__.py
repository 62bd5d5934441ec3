"""Model files on disk: their cards, hashes and tensors, read without the engine that runs them."""
