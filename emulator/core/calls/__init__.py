"""What happens to every call: it is counted, limited by quotas, and may get an injected fault."""
