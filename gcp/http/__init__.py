"""One connection to an API: TLS certificates, proxy, credentials, and the causes of failed connections."""
