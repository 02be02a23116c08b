"""How well a model predicts rows of which the truth is known."""
