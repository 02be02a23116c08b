"""Trains and exports, in a separate process."""
