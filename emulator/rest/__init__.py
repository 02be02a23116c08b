"""From an HTTP call to a method of an API, and back."""
