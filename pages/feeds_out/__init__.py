"""A blog as a document for feed readers: Atom, JSON Feed and plain text. Pure functions, free of requests."""
