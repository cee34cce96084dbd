"""Items and sources as HTML."""
