"""Where streams, sessions and presence live."""
