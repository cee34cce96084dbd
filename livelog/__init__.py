"""The installed package, see `__main__`; its version is in the metadata of the distribution."""
