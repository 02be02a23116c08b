"""What a stack declares: `from resources import ml, storage`."""

__all__ = ["errors", "ml", "stack", "storage"]
