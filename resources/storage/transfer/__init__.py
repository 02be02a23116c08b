"""Transfers an artifact into a bucket."""
