"""Figures of the real thing on this machine: `make bench`, or `python -m bench NAME …`."""
