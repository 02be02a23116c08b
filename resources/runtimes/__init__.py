"""Which TensorFlow can load which artifact."""
