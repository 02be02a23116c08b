"""Processes that send load or time calls."""
