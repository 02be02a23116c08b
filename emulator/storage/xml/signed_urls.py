"""Signed URLs: V2 and V4 signatures in the query of a request.

Expiry is checked. The signature itself is not, because the emulator does not know the public keys of service accounts.
So signed URLs are accepted on loopback only.

Source: Cloud Storage, "V4 signing process", "V2 signing process".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from emulator.storage.xml.xml_errors import XmlError

_V4 = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
_V4_PREFIXES = ("X-Goog-", "X-Amz-")
_V2 = ("Expires", "Signature")
_V2_SIGNERS = ("GoogleAccessId", "AWSAccessKeyId")
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_MAX_SECONDS = 7 * 24 * 3600
_LATEST = 253402300799
"""The last second of the year 9999."""


def check(query: Mapping[str, str], now: datetime, *, loopback: bool) -> None:
    """Checks the signature in a query; a query without one passes.

    Args:
        query: parameters of the request.
        now: current time in UTC.
        loopback: whether the emulator listens on loopback only.

    Raises:
        XmlError: `SignatureDoesNotMatch` beyond loopback, `ExpiredToken`, or `InvalidArgument` for a signature that
            lacks a parameter or has a malformed one.
    """
    expiry = _v4_expiry(query) or _v2_expiry(query)
    if expiry is None:
        return
    if not loopback:
        raise XmlError(
            403,
            "SignatureDoesNotMatch",
            "The emulator cannot verify signatures, so it accepts signed URLs on loopback only.",
        )
    if expiry < now:
        details = f"Request signature expired at: {expiry.isoformat(timespec='seconds')}"
        raise XmlError(400, "ExpiredToken", "The provided token has expired.", details)


def _v4_expiry(query: Mapping[str, str]) -> datetime | None:
    prefix = next((prefix for prefix in _V4_PREFIXES if any(f"{prefix}{name}" in query for name in _V4)), None)
    if prefix is None:
        return None
    _require(query, [f"{prefix}{name}" for name in _V4])
    date, seconds = query[f"{prefix}Date"], query[f"{prefix}Expires"]
    if not _DATE.fullmatch(date):
        raise _malformed(f"{prefix}Date", "a time as 20240506T070809Z", date)
    if not re.fullmatch("[0-9]{1,9}", seconds) or not 1 <= int(seconds) <= _MAX_SECONDS:
        raise _malformed(f"{prefix}Expires", f"1 to {_MAX_SECONDS} seconds", seconds)
    try:
        signed = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        return signed + timedelta(seconds=int(seconds))
    except (ValueError, OverflowError):
        raise _malformed(f"{prefix}Date", "a time as 20240506T070809Z", date) from None


def _v2_expiry(query: Mapping[str, str]) -> datetime | None:
    signer = next((name for name in _V2_SIGNERS if name in query), _V2_SIGNERS[0])
    if signer not in query and "Signature" not in query:
        return None
    _require(query, [signer, *_V2])
    seconds = query["Expires"]
    if not re.fullmatch("[0-9]{1,12}", seconds) or int(seconds) > _LATEST:
        raise _malformed("Expires", "a time in seconds since 1970", seconds)
    return datetime.fromtimestamp(int(seconds), timezone.utc)


def _require(query: Mapping[str, str], names: list[str]) -> None:
    missing = [name for name in names if not query.get(name)]
    if missing:
        raise XmlError(400, "InvalidArgument", f"The signed URL lacks the parameter {missing[0]}.")


def _malformed(name: str, expected: str, value: str) -> XmlError:
    return XmlError(400, "InvalidArgument", f"{name} must be {expected}; got {value[:100]!r}.")
