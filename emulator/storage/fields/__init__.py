"""The fields of buckets and objects."""
