"""What the APIs that serve models share: copies from buckets, loading, pages of lists, masks."""
