"""Calls to Google's APIs, through one seam, `gcp.api`. Knows neither Pulumi nor stack files."""
