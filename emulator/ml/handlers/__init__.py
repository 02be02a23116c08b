"""The methods of the `ml` v1 API, one module per group."""
