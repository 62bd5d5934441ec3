"""Int8: what it is fitted to, by which quantiser, and which layers it leaves out."""
