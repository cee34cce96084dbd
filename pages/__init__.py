"""Items and sources as HTML, and the data that pages are rendered from."""
