"""Clients that write until their emulator is killed, and record what was acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import threading
from typing import Any
from urllib.parse import quote

from gcp import error_responses, errors
from tests.emulator import saved_models
from tests.emulator.ml.caller import N1, until
from tests.emulator.storage.support import KIB_256, Answer, crc32c, send
from tests.running import BOUND, RunningEmulator

_BEGINNING = "the beginning of an upload"
_KEPT = 2
"""Versions that a writer keeps; it deletes older ones."""


class Writer:
    """One client with its own bucket and model, which nobody else changes.

    Attributes:
        acknowledged: the number of acknowledged writes.
        unknown_uploads: how many uploads may have started without a response.
    """

    def __init__(self, emulator: RunningEmulator, project: str, seed: int) -> None:
        self._emulator = emulator
        self._bucket, self._model = f"{project}-w{seed}", f"projects/{project}/models/w{seed}"
        self._random = random.Random(seed)  # noqa: S311 - a load, not a secret
        self._objects: dict[str, bytes | None] = {}
        self._versions: dict[str, float | None] = {}
        self._description = self._default = ""
        self._sessions: dict[str, tuple[str, bytes, int]] = {}
        self._operations: list[str] = []
        self._uncertain: set[str] = set()
        self._thread = threading.Thread()
        self._failure: Exception | None = None
        self._count = self.acknowledged = self.unknown_uploads = 0

    def prepare(self) -> None:
        """Creates the bucket and the model."""
        project = self._model.split("/")[1]
        self._ml("POST", f"projects/{project}/models", {"name": self._model.rpartition("/")[2]})
        self._send("POST", f"/storage/v1/b?project={project}", json.dumps({"name": self._bucket}).encode())

    def begin(self) -> None:
        """Starts writing in the background, until the emulator is killed."""
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def join(self, emulator: RunningEmulator) -> None:
        """Waits for the writes to end; later calls go to this emulator."""
        self._thread.join(BOUND)
        assert not self._thread.is_alive()
        if self._failure:
            raise self._failure
        self._emulator = emulator

    def _write(self) -> None:
        actions = [self._insert, self._insert, self._remove, self._upload, self._describe, self._deploy, self._predict]
        try:
            while True:
                self._random.choice(actions)()
        except (OSError, http.client.HTTPException):
            return  # killed
        except (errors.Error, AssertionError) as error:
            self._failure = error

    def _acknowledge(self, subject: str) -> None:
        self._uncertain.discard(subject)
        self.acknowledged += 1

    def _insert(self) -> None:
        self._put(*self._new_object())

    def _put(self, name: str, content: bytes) -> None:
        self._uncertain.add(name)
        self._objects[name] = content
        place = f"/upload/storage/v1/b/{self._bucket}/o?uploadType=media&name={quote(name, safe='')}"
        self._send("POST", place, content)
        self._acknowledge(name)

    def _object(self, name: str) -> str:
        return f"/storage/v1/b/{self._bucket}/o/{quote(name, safe='')}"

    def _remove(self) -> None:
        existing = [name for name, content in self._objects.items() if content is not None]
        if existing:
            name = self._random.choice(existing)
            self._uncertain.add(name)
            self._send("DELETE", self._object(name))
            self._objects[name] = None
            self._acknowledge(name)

    def _upload(self) -> None:
        name, content = self._new_object(2 * KIB_256 + 1)
        path = f"/upload/storage/v1/b/{self._bucket}/o?uploadType=resumable&name={name}"
        self._uncertain.add(_BEGINNING)
        location = self._send("POST", path).headers["location"]
        self._uncertain.discard(_BEGINNING)
        self._sessions[name] = (location.removeprefix(self._emulator.endpoint), content, 0)
        for start in range(0, len(content), KIB_256):
            self._send_part(name, start, min(start + KIB_256, len(content)))

    def _send_part(self, name: str, start: int, end: int) -> None:
        """Sends a part of an upload."""
        path, content, _ = self._sessions[name]
        whole = end == len(content)
        if whole:
            self._uncertain.add(name)
            self._objects[name] = content
        self._send("PUT", path, content[start:end], {"content-range": f"bytes {start}-{end - 1}/{len(content)}"})
        self._sessions[name] = path, content, end
        if whole:
            del self._sessions[name]
            self._acknowledge(name)

    def _describe(self) -> None:
        self._count += 1
        self._uncertain.add("description")
        operation = self._ml("PATCH", f"{self._model}?updateMask=description", {"description": f"d{self._count}"})
        self._description = f"d{self._count}"
        self._acknowledge("description")
        self._end(operation["name"])

    def _deploy(self) -> None:
        """Creates a version, makes it the default, and deletes the oldest."""
        self._count += 1
        name, factor = f"v{self._count}", float(self._count)
        self._put(f"{name}/saved_model.pb", saved_models.multiplier(factor))
        body = {"name": name, "deploymentUri": f"gs://{self._bucket}/{name}", **N1, "autoScaling": {"minNodes": 1}}
        self._uncertain.add(name)
        self._versions[name] = factor
        operation = self._ml("POST", f"{self._model}/versions", body)
        self._default = self._default or name  # the API makes the first version the default
        self._acknowledge(name)
        self._end(operation["name"])
        self._uncertain.add("default")
        self._ml("POST", f"{self._model}/versions/{name}:setDefault", {})
        self._default = name
        self._acknowledge("default")
        existing = [name for name, factor in self._versions.items() if factor is not None]
        for old in existing[:-_KEPT]:
            self._uncertain.add(old)
            operation = self._ml("DELETE", f"{self._model}/versions/{old}")
            self._versions[old] = None
            self._acknowledge(old)
            self._end(operation["name"])

    def _predict(self) -> None:
        if self._default and "default" not in self._uncertain:
            answer = self._ml("POST", f"{self._model}:predict", {"instances": [1.0, 2.0]})
            factor = self._versions[self._default]
            assert factor is not None
            assert answer == {"predictions": [{"y": factor}, {"y": 2 * factor}]}

    def check(self) -> None:
        """Asserts that every acknowledged write exists, and that a pending one exists completely or not at all."""
        for operation in self._operations:
            self._until_done(operation)
        self._operations.clear()
        self._check_versions()
        for name in list(self._sessions):
            self._resume(name)
        self._check_objects()
        self.unknown_uploads += _BEGINNING in self._uncertain
        self._uncertain.clear()

    def _check_versions(self) -> None:
        model = self._ml("GET", self._model)
        if "description" not in self._uncertain:
            assert model.get("description", "") == self._description
        listed = self._ml("GET", f"{self._model}/versions").get("versions", [])
        found = {item["name"].rpartition("/")[2]: item["state"] for item in listed}
        for name, factor in list(self._versions.items()):
            if name in self._uncertain:  # it exists completely or not; an unacknowledged deletion may continue
                self._wait_until_settled(name)
                found = {key: state for key, state in found.items() if key != name}
                if not self._exists(name):
                    self._versions[name] = None
                    continue
                found[name] = "READY"
            assert found.get(name) == (None if factor is None else "READY"), name
        default = model.get("defaultVersion", {}).get("name", "").rpartition("/")[2]
        if not {"default", *self._versions} & self._uncertain:
            assert default == self._default
        self._default = default
        self._predict()

    def _wait_until_settled(self, name: str) -> None:
        path = f"/v1/{self._model}/versions/{name}"
        busy = ("CREATING", "UPDATING", "DELETING")
        until(
            lambda: send("GET", f"{self._emulator.endpoint}{path}").json.get("state") not in busy, f"the end of {name}"
        )

    def _exists(self, name: str) -> bool:
        return send("GET", f"{self._emulator.endpoint}/v1/{self._model}/versions/{name}").status == 200

    def _resume(self, name: str) -> None:
        """Resumes an upload, which continues at or after the last acknowledged byte."""
        path, content, acknowledged = self._sessions[name]
        state = self._send("PUT", path, headers={"content-range": f"bytes */{len(content)}"})
        if state.status == 200:
            assert name in self._uncertain, "the last part was pending"
            del self._sessions[name]
            return
        arrived = int(state.headers.get("range", "bytes=0--1").rpartition("0-")[2]) + 1
        assert arrived >= acknowledged
        self._send_part(name, arrived, len(content))

    def _check_objects(self) -> None:
        listed = self._send("GET", f"/storage/v1/b/{self._bucket}/o?maxResults=1000").json.get("items", [])
        found = {item["name"]: item for item in listed}
        assert found.keys() <= self._objects.keys()
        for name, content in list(self._objects.items()):
            if name in self._uncertain and name not in found:
                self._objects[name] = None
            elif name in found:
                assert content is not None, f"{name} was deleted but exists"
                assert found[name]["crc32c"] == crc32c(content)
                assert self._send("GET", f"{self._object(name)}?alt=media").content == content
            else:
                assert content is None, f"{name} is lost"

    def blobs(self) -> int:
        """The number of the emulator's files for this writer's objects and unfinished uploads, right after `check`."""
        return sum(content is not None for content in self._objects.values()) + len(self._sessions)

    def versions(self) -> int:
        """The number of existing versions, right after `check`."""
        return sum(factor is not None for factor in self._versions.values())

    def _new_object(self, least: int = 1) -> tuple[str, bytes]:
        self._count += 1
        return f"o{self._count}", self._random.randbytes(self._random.randrange(least, least + 400_000))

    def _end(self, operation: str) -> None:
        """Waits for an operation's end; if the emulator is killed meanwhile, `check` waits."""
        self._operations.append(operation)
        self._until_done(operation)
        self._operations.remove(operation)

    def _until_done(self, operation: str) -> None:
        ended = until(lambda: (found := self._ml("GET", operation)).get("done") and found, f"the end of {operation}")
        assert "error" not in ended, ended

    def _ml(self, verb: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        return self._send(verb, f"/v1/{path}", content, {"content-type": "application/json"}).json

    def _send(self, verb: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """The response. Raises the API's error for an error response, and the connection's if there is none."""
        answer = send(verb, f"{self._emulator.endpoint}{path}", content, headers)
        if answer.status >= 400:
            raise error_responses.from_response(answer.status, answer.content)
        return answer
