"""The proof that a file is as good as its network, and how fast it is."""
