"""Monitoring of what is deployed: `vertex.ModelMonitoringJob`."""
