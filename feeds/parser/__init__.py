"""Bytes of a feed document to entries. Pure; runs in the parser's processes."""
