"""What is measured over sockets, alone and beside peers."""
