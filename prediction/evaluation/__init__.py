"""Measures how well a model predicts labelled rows."""
