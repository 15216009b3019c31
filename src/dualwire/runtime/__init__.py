"""The runtime: what happens between the ports. One node, its hub, its connections."""
