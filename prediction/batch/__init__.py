"""Predicts whole files: as a job of an endpoint, or on this machine."""
