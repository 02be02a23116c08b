"""An artifact on its way into a bucket."""
