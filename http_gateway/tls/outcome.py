"""Why a handshake failed, in the words that are counted."""

from __future__ import annotations

import ssl

# OpenSSL's reasons for what other servers put into one: a version or cipher that is not spoken here.
_PROTOCOL = frozenset(
    {
        "UNSUPPORTED_PROTOCOL",
        "NO_SHARED_CIPHER",
        "VERSION_TOO_LOW",
        "WRONG_VERSION_NUMBER",
        "NO_SUITABLE_SIGNATURE_ALGORITHM",
        "NO_SUITABLE_KEY_SHARE",
    }
)


def outcome(error: ssl.SSLError | None) -> str:
    """One of `tally.RESULTS`.

    Args:
        error: None: the sender broke it off.
    """
    reason = (error and error.reason) or ""
    if error is None or isinstance(error, ssl.SSLEOFError):
        return "broken-off"
    if reason in ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST"):
        return "plain-http"
    if reason in ("CERTIFICATE_VERIFY_FAILED", "PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        return "certificate"
    if reason in _PROTOCOL:
        return "protocol"
    # An alert: the sender does not want this server, its certificate or its name.
    return "broken-off" if "ALERT" in reason else "error"
