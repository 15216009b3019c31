"""The server's certificate, looked at before anything listens."""

from __future__ import annotations

import ssl

from ..exceptions import ConfigurationError
from ..settings import PREFIX, Settings

__all__ = ["check_certificate"]


def check_certificate(settings: Settings) -> None:
    """See to it that TLS can work, if it is wanted.

    Raises:
        ConfigurationError: a file is not there, is no PEM file, or they do not belong together.
    """
    certificate, key = settings.tls_cert, settings.tls_key
    if certificate is None:
        if key is not None:
            raise ConfigurationError(
                f"{PREFIX}TLS_CERT", "the certificate of the key in DUALWIRE_TLS_KEY", None
            )
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        files = str(certificate) if key is None else f"{certificate} and {key}"
        raise ConfigurationError(
            f"{PREFIX}TLS_CERT",
            f"PEM files with a certificate and its key ({error.strerror or error})",
            files,
        ) from error
