"""With which credentials calls are made."""

from __future__ import annotations

import threading
from typing import Any

from resources import errors

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
LOGIN = "(run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS)"


class Credentials:
    """Google's application default credentials, found once, at the first call that needs them."""

    def __init__(self) -> None:
        self._found: list[Any] = []
        self._lock = threading.Lock()

    def get(self) -> Any:
        """The credentials. Raises `Unauthenticated` where there are none."""
        import google.auth
        from google.auth import exceptions

        with self._lock:
            if not self._found:
                try:
                    self._found.append(google.auth.default(scopes=SCOPES)[0])
                except exceptions.DefaultCredentialsError:
                    raise errors.Unauthenticated("no credentials on this machine") from None
            return self._found[0]
