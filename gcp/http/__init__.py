"""One connection to an API: TLS certificates, the proxy, credentials on the wire, and why no answer came."""
