"""The node's side of a batch job: chunks of rows in, lines of results out. Needs no TensorFlow."""
