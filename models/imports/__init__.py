"""SavedModels made elsewhere, under a name and with a card."""
