"""Imports SavedModels: gives them a name and a card."""
