"""A training run as the command line has it: options, files, named recipes, runs that begin with others."""
