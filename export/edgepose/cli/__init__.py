"""The `edgepose` command."""
