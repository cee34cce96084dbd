"""Bytes of a feed document to entries: pure functions, called in the parser processes."""
