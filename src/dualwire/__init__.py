"""The realtime connection layer for Python servers whose users must never be cut off.

Each player holds a WebSocket and a Server-Sent Events connection at the same time, as one session.
Start at :class:`ConnectionManager`.
"""

from .abc import Authenticator, Clock, Engine, Transport
from .codes import Code, application_code
from .config import Config, Heartbeat, HistoryPolicy, Limits, Rates, SessionPolicy
from .exceptions import (
    AuthenticationError,
    CapacityError,
    ConfigurationError,
    DualwireError,
    EngineError,
    EventError,
    ForbiddenError,
    ProtocolError,
    RefusedError,
    SessionError,
)
from .manager import ConnectionManager
from .runtime.inbound import Command
from .types import (
    ConnectionMetadata,
    ConnectionReport,
    Credentials,
    DeliveryReport,
    Identity,
    Position,
    Presence,
)

__all__ = [
    "AuthenticationError",
    "Authenticator",
    "CapacityError",
    "Clock",
    "Code",
    "Command",
    "Config",
    "ConfigurationError",
    "ConnectionManager",
    "ConnectionMetadata",
    "ConnectionReport",
    "Credentials",
    "DeliveryReport",
    "DualwireError",
    "Engine",
    "EngineError",
    "EventError",
    "ForbiddenError",
    "Heartbeat",
    "HistoryPolicy",
    "Identity",
    "Limits",
    "Position",
    "Presence",
    "ProtocolError",
    "Rates",
    "RefusedError",
    "SessionError",
    "SessionPolicy",
    "Transport",
    "application_code",
]

__version__ = "0.1.0"
