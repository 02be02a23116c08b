"""The commands of `python -m prediction`, and the options that they share."""
