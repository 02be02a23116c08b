"""One module per group of figures; the command line uses the modules' names."""
