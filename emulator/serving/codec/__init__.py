"""From JSON instances to arrays, and from arrays to JSON predictions. Needs no TensorFlow."""
