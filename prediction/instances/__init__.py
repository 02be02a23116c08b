"""Instances: read from files, packed into requests, checked against a signature."""
