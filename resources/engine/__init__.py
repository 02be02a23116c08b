"""The one adapter to Pulumi: providers, resources, ownership, and the messages that the engine shows."""
