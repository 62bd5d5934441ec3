"""Graphs: out of torch, with the decode inside, rewritten without changing what they compute."""
