"""From the text of a request to its checked parameters, body and field mask."""
