"""Monitoring of deployed models: `vertex.ModelMonitoringJob`."""
