"""TLS on the Cursor-on-Target port."""

from __future__ import annotations

import ssl
from pathlib import Path

from sightline.ingest.errors import IngestError
from sightline.ingest.settings import GatewaySettings


class CotTlsError(IngestError):
    """A certificate or key of the settings cannot be used; the text says which and why."""


def server_context(settings: GatewaySettings) -> ssl.SSLContext | None:
    """What the port speaks TLS with; None: it speaks plain TCP.

    With an authority for client certificates a client may show one, and is not let in with a wrong one. Without one
    it has to sign in with a token.

    Raises:
        CotTlsError: a file cannot be used.
    """
    certificate, key = settings.gateway_cot_certificate, settings.gateway_cot_key
    if certificate is None or key is None:
        if key is not None:  # meant to be TLS, and would be none
            raise CotTlsError(
                f"SIGHTLINE_GATEWAY_COT_KEY is {str(key)!r}, but SIGHTLINE_GATEWAY_COT_CERTIFICATE is not set."
            )
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # An empty password, since a key that has one would be asked for on a terminal that is not there.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise _unusable(certificate, "certificate with its key", error) from error
    authority = settings.gateway_cot_client_ca
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except (OSError, ValueError) as error:
            raise _unusable(authority, "authority of client certificates", error) from error
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _unusable(file: Path, what: str, error: Exception) -> CotTlsError:
    return CotTlsError(f"{file} cannot be used as the {what} (PEM): {error}.")
