"""Training and export, in a process of its own."""
