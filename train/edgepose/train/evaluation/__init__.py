"""How good a model of any format is on labelled data."""
