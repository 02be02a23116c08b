"""Serving of versions: copies of artifacts, containers, machines, traffic, prediction responses."""
