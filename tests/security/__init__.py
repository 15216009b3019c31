"""Attacks, each over real sockets: what is promised in docs, tried."""
