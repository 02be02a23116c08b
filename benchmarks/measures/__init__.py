"""One module per group of figures; their names are words of the command line."""
