"""What turns a recipe into an artifact: digests, the build, cards, and the reading of SavedModel folders."""
