"""OPML 2.0 (http://opml.org/spec2.opml), the format in which feed readers exchange their feeds.

read(document)                  the feeds of a document: --import-opml, and lists that blogs follow
config_parts(slug, feeds)       the blog that --import-opml prints, as YAML
parts(blog)                     a blog as a document: /<blog>/feeds.opml
opml.lists                      the lists that blogs follow (`blogs.X.opml`), as the store keeps them
"""

from opml.document import Document, Outline
from opml.reading import load, read, read_list
from opml.to_config import config_parts
from opml.writing import parts

__all__ = ["Document", "Outline", "config_parts", "load", "parts", "read", "read_list"]
