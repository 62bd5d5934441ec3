"""What labels tell of themselves: which joints move together, and who looks wrongly labelled."""
