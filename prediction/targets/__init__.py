"""Where predictions come from: one module per platform, with its addresses, request bodies and answers."""
