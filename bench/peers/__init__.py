"""Minimal broadcasters, each as its library would have it: `python -m bench.peers.NAME PORT PUBLISHING_PORT`.

They run with the Python that has their library, so nothing here may import anything of Livelog's.
"""
