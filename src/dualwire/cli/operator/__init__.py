"""What an operator does from a terminal, over the endpoints that ask for the operator's key."""
