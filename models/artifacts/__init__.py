"""Finds the artifact that a stack file names: cards, manifests, input digests."""
