"""Google's discovery clients, built from the APIs' discovery documents."""

from __future__ import annotations

import json
import threading
from typing import Any

from gcp.http import ca_bundle
from gcp.services import Service
from gcp.settings import Settings


class Clients:
    """Method collections of Google's APIs at one endpoint, each built once. Thread-safe.

    The client library builds a collection with all its methods on each access, which takes 1 to 3 ms: several times as
    long as a call.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[tuple[Service, str], Any] = {}
        self._lock = threading.RLock()

    def collection(self, service: Service, path: str) -> Any:
        """The methods of a collection, `projects.models.versions`. Their requests have a `service` attribute."""
        key = service, path
        if key not in self._made:
            with self._lock:
                if key not in self._made:
                    self._made[key] = self._make(service, path)
        return self._made[key]

    def _make(self, service: Service, path: str) -> Any:
        if not path:
            return self._client(service)
        parent, _, name = path.rpartition(".")
        return getattr(self.collection(service, parent), name)()

    def _client(self, service: Service) -> Any:
        ca_bundle.check()  # before the first import of httplib2, which would end with a traceback
        from googleapiclient import discovery, discovery_cache
        from googleapiclient.http import HttpMock, HttpRequest

        def request(*values: Any, **options: Any) -> Any:
            made = HttpRequest(*values, **options)
            made.service = service
            return made

        bundled = discovery_cache.get_static_doc
        text = service.document() if service.document else bundled(service.name, service.version)
        document = json.loads(text)
        root = service.root(self._settings)
        if root:  # `client_options.api_endpoint` would send media uploads to https
            document["rootUrl"] = root
            document.pop("mtlsRootUrl", None)
        # Every call brings its thread's own connection; this one is never used.
        return discovery.build_from_document(document, http=HttpMock(), requestBuilder=request)
