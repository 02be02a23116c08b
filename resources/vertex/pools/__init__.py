"""Machines that deployed models share: `vertex.DeploymentResourcePool`."""
