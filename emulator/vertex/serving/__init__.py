"""From the artifact of a version to the answers of its nodes: copies, containers, machines, traffic, envelopes."""
