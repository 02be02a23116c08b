"""Batch prediction jobs of `ml` v1: their fields, rules, and waiting for them."""
