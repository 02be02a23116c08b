"""Whether the API takes what callers write, what it stores of it, and lists."""
