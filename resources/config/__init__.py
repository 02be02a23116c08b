"""From a stack file to what the stack declares, checked as a whole."""
