"""Checks of requests, the bodies to store, and lists."""
