"""The work of operations."""
