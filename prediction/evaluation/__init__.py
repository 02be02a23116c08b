"""How well a model predicts labelled rows."""
