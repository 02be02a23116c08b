"""The methods of Cloud Storage's JSON API, one module per group."""
