"""The `ml` v1 API: models, versions, operations, predict. Handlers are named after the API's methods."""
