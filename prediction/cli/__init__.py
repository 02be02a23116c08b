"""The commands of `python -m prediction`."""
