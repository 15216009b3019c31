"""What tests of applications, engines and transports need: public, and used by our own tests.

* :class:`ManualClock`: time that moves when told to
* :class:`FakeTransport`: a transport that remembers what it was given
* :func:`check_engine`, :func:`check_transport`, :func:`check_authenticator`, :func:`check_clock`:
  the conformance suites of the ports
"""

from .clock import ManualClock

__all__ = ["ManualClock"]
