"""What tests of applications, engines and transports need: public, and used by our own tests.

* :class:`ManualClock`: time that moves when told to
* :class:`FakeTransport`: a transport that remembers what it was given
* :func:`check_engine`, :func:`check_transport`, :func:`check_authenticator`, :func:`check_clock`,
  :func:`check_flags`: the conformance suites of the ports; ``engine_cases()`` and its like give
  the single cases by name, so that a test runner can show one line for each
* :func:`check_engine_place`: the suite for an engine that several nodes share
* :class:`FaultProxy`: a TCP proxy that spoils connections: :class:`Script`, :func:`random_faults`
"""

from .authenticator_suite import (
    AuthenticatorFactory,
    AuthenticatorSubject,
    authenticator_cases,
    check_authenticator,
)
from .clock import ManualClock
from .clock_suite import ClockFactory, check_clock, clock_cases
from .engine_suite import (
    EngineFactory,
    EnginePlace,
    PlaceFactory,
    check_engine,
    check_engine_place,
    engine_cases,
    engine_place_cases,
)
from .flags_suite import FlagsFactory, FlagsSubject, check_flags, flags_cases
from .proxy import FaultProxy, Script, random_faults
from .transport import FakeTransport
from .transport_suite import TransportFactory, TransportPeer, check_transport, transport_cases

__all__ = [
    "AuthenticatorFactory",
    "AuthenticatorSubject",
    "ClockFactory",
    "EngineFactory",
    "EnginePlace",
    "FakeTransport",
    "FaultProxy",
    "FlagsFactory",
    "FlagsSubject",
    "ManualClock",
    "PlaceFactory",
    "Script",
    "TransportFactory",
    "TransportPeer",
    "authenticator_cases",
    "check_authenticator",
    "check_clock",
    "check_engine",
    "check_engine_place",
    "check_flags",
    "check_transport",
    "clock_cases",
    "engine_cases",
    "engine_place_cases",
    "flags_cases",
    "random_faults",
    "transport_cases",
]
