"""Stack files on Vertex AI: turns their entries into the resources that the stack declares."""
