"""The Vertex part of a stack file: from its entries to what the stack declares."""
