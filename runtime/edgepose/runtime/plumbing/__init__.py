"""What has nothing to do with poses: whole files, threads, signals, the terminal, checked configuration."""
