"""Batch prediction jobs of Vertex AI, their rules, and what their states mean."""
