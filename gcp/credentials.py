"""Credentials of calls: Google's application default credentials, or a service account that they impersonate."""

from __future__ import annotations

import json
import os
import re
import threading
from typing import Any

from gcp import errors

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
PRINCIPAL_VARIABLE = "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
TOKEN_VARIABLE = "TF2_MODELS_TOKEN"  # noqa: S105  # the name of a variable
LOGIN = f"run `gcloud auth application-default login`, or set {FILE_VARIABLE}"
OWN_LOGIN = f"set {TOKEN_VARIABLE} to the token that tf2-models:endpoint asks for"
_PRINCIPAL = re.compile(r"[a-zA-Z0-9_.:-]+@[a-z0-9.-]+\.gserviceaccount\.com\Z")
_LONGEST = 300


def principal_failure(principal: str) -> str:
    """Why this is not a service account's email address; empty if it is one, or if the text is empty."""
    if not principal or _PRINCIPAL.match(principal):
        return ""
    return f"must be a service account, NAME@PROJECT.iam.gserviceaccount.com; it is {principal!r}"


def endpoint_token() -> str:
    """The token for an endpoint that is not Google's, from the environment; empty if not set.

    Raises:
        NoCredentials: it holds characters that cannot be sent.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token.isascii() or not token.isprintable():
        raise errors.NoCredentials(f"{TOKEN_VARIABLE} must be printable ASCII characters on one line: {OWN_LOGIN}")
    return token


class Credentials:
    """The credentials of a process, loaded once, by the first call that needs them.

    Args:
        principal: the service account to impersonate. Default: none.
        iam_endpoint: URL of its `generateAccessToken`. Default: Google's.
    """

    def __init__(self, principal: str = "", *, iam_endpoint: str | None = None) -> None:
        self.principal, self._iam_endpoint = principal, iam_endpoint
        self._found: list[Any] = []
        self._lock = threading.Lock()

    def get(self) -> Any:
        """The credentials. Raises `NoCredentials` if there are none."""
        with self._lock:
            if not self._found:
                self._found.append(self._impersonated(_default()))
            return self._found[0]

    def _impersonated(self, source: Any) -> Any:
        if not self.principal:
            return source
        from google.auth import impersonated_credentials

        return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]  # it has no types
            source_credentials=source,
            target_principal=self.principal,
            target_scopes=list(SCOPES),
            iam_endpoint_override=self._iam_endpoint,
        )


def _default() -> Any:
    import google.auth
    from google.auth import exceptions

    try:
        return google.auth.default(scopes=SCOPES)[0]
    except (exceptions.DefaultCredentialsError, OSError):  # its text holds the path of the file
        if os.environ.get(FILE_VARIABLE):
            text = f"{FILE_VARIABLE} is not a valid credentials file: name another, or unset it and"
            raise errors.NoCredentials(f"{text} run `gcloud auth application-default login`") from None
        raise errors.NoCredentials(f"no credentials found on this machine: {LOGIN}") from None


def refused(error: Exception, url: str, principal: str) -> errors.NoCredentials:
    """The error for a refused token, with what to do.

    Args:
        error: google-auth's.
        url: of the server that refused.
        principal: the service account to impersonate; empty for none.
    """
    if principal and url.endswith(":generateAccessToken"):
        return errors.NoCredentials(
            f"these credentials may not impersonate {principal} ({_said(error)}): run `gcloud iam service-accounts "
            f"add-iam-policy-binding {principal} --member=user:YOU --role=roles/iam.serviceAccountTokenCreator`"
        )
    return errors.NoCredentials(f"the credentials are expired, revoked or wrong ({_said(error)}): {LOGIN}")


def _said(error: Exception) -> str:
    """The token server's message if the error has Google's shape, else google-auth's text.

    The rest of the response is not shown, as it may hold secrets.
    """
    text, *rest = [*error.args, "no reason given"]
    answer = rest[0] if rest else ""
    try:
        found = json.loads(answer)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        found = text
    return " ".join(str(found).split())[:_LONGEST].rstrip(".")
