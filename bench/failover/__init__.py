"""Failover: what players notice of a connection that fails, here and with Socket.IO."""
