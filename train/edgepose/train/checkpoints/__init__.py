"""Trained weights as files: saved, opened, run, averaged, taken as the start of others."""
