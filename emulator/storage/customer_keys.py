"""Rejects customer-supplied encryption keys, so that nothing that should be encrypted is stored unencrypted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from gcp import errors

_KEYS = tuple(
    f"x-goog-{prefix}encryption-{name}"
    for prefix in ("", "copy-source-")
    for name in ("algorithm", "key", "key-sha256")
)


def refuse_keys(headers: Mapping[str, str]) -> None:
    """Rejects a request with such a key. Names of Cloud KMS keys are allowed.

    Raises:
        errors.InvalidArgument: the request has one; the message names the header.
    """
    for name in _KEYS:
        if name in headers:
            raise errors.InvalidArgument(f"Customer-supplied encryption keys are not emulated: leave {name} out.")


async def refuse_keys_and_body(headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> None:
    """Does the same, and drops the body of a request that it rejects. Raises as `refuse_keys` does."""
    try:
        refuse_keys(headers)
    except errors.InvalidArgument:
        async for _ in chunks:  # a client that is still sending would not read the answer
            pass
        raise
