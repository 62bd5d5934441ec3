"""What is told of an export: rows, tables, notes, a recommendation."""
