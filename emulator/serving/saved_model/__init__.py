"""A SavedModel in TensorFlow: load, inspect, warm up, run."""
