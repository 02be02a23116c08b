"""Predictions for people: tables and charts."""
