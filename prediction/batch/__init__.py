"""Whole files through a model: as a job of an endpoint, or on this machine."""
