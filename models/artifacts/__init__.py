"""Which artifact a stack file names: cards, manifests, input digests."""
