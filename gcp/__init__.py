"""Calls to Google's APIs, all through `gcp.api`. Knows neither Pulumi nor stack files."""
