"""Google's discovery clients, made of the documents that google-api-python-client bundles."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from gcp.http import ca_bundle

_VERSION = "v1"


class Services:
    """The collections of methods of Google's services, each made once, for use by many threads.

    The client library makes the object of a collection, with all of its methods, anew each time it is asked for: 1 to 3
    ms, several times what a call takes.

    Args:
        root: where a service is, with a slash at the end; None for where its document says.
    """

    def __init__(self, root: Callable[[str], str | None]) -> None:
        self._root = root
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.RLock()

    def collection(self, service: str, path: str) -> Any:
        """The methods of a collection: `ml`, `projects.models.versions`."""
        key = service, path
        if key not in self._made:
            with self._lock:
                if key not in self._made:
                    self._made[key] = self._make(service, path)
        return self._made[key]

    def _make(self, service: str, path: str) -> Any:
        if not path:
            return self._service(service)
        parent, _, name = path.rpartition(".")
        return getattr(self.collection(service, parent), name)()

    def _service(self, name: str) -> Any:
        ca_bundle.check()  # before the first import of httplib2, which would end with a traceback
        from googleapiclient import discovery, discovery_cache
        from googleapiclient.http import HttpMock

        document = json.loads(discovery_cache.get_static_doc(name, _VERSION))
        root = self._root(name)
        if root:  # `client_options.api_endpoint` would send media uploads to https
            document["rootUrl"] = root
            document.pop("mtlsRootUrl", None)
        # Every call brings its thread's own connection; this one is never used.
        return discovery.build_from_document(document, http=HttpMock())
