"""The fields of the resources of Vertex AI: name, type and what a change does, one line each."""
