"""The data that the recipes train on, and the functions that read and verify it."""
