"""Methods and features that are not emulated get an error that clients do not retry."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from emulator.ml import api as ml_api
from emulator.rest import api_registration
from emulator.rest.discovery import Method
from emulator.storage import api as storage_api
from tests.emulator.storage.support import data, refused, send
from tests.running import RunningEmulator

METHODS = [*ml_api.methods(), *storage_api.methods()]
ANSWERED = api_registration.handlers(METHODS, [*ml_api.HANDLERS, *storage_api.HANDLERS])
KEY = bytes(range(32))
KEYS = {
    "algorithm": "AES256",
    "key": base64.b64encode(KEY).decode(),
    "key-sha256": base64.b64encode(hashlib.sha256(KEY).digest()).decode(),
}


def _address(endpoint: str, method: Method, bucket: str) -> str:
    """Returns a URL of the method with all required parameters."""
    known = {"bucket": bucket, "destinationBucket": bucket, "sourceBucket": bucket}
    path = re.sub(
        r"\{\+?(\w+)\}",
        lambda found: known.get(found[1]) or _value(found[1], method.parameters[found[1]]),
        method.path,
    )
    required = [
        f"{name}={_value(name, spec)}"
        for name, spec in method.parameters.items()
        if spec.get("required") and spec["location"] == "query"
    ]
    return f"{endpoint}/{path}?{'&'.join(required)}"


def _value(name: str, spec: Any) -> str:
    """Returns a valid value of a parameter."""
    if "pattern" in spec:
        return str(spec["pattern"]).strip("^$").replace("[^/]+", "x").replace(".*", "x")
    return "1" if spec["type"] == "integer" or spec.get("format") == "int64" else "x"


@pytest.mark.parametrize("method", [method for method in METHODS if method.id not in ANSWERED], ids=lambda one: one.id)
def test_a_method_that_is_not_emulated_is_not_allowed(emulator: RunningEmulator, method: Method) -> None:
    """The answer is 405 with the method's name and where to look; clients would retry a 5xx for half a minute."""
    body = b"{}" if method.request else b""

    answer = send(method.verb, _address(emulator.endpoint, method, "bucket"), body)

    assert (answer.status, answer.json["error"]["code"]) == (405, 405)
    text = f"The method {method.id} is not emulated; see docs/reference/emulator-methods.md."
    assert answer.json["error"]["message"] == text


@pytest.mark.parametrize(
    "header", [f"x-goog-{prefix}encryption-{name}" for prefix in ("", "copy-source-") for name in KEYS]
)
def test_every_method_refuses_customer_supplied_keys(endpoint: str, storage: Any, bucket: str, header: str) -> None:
    """Objects that should be encrypted are not stored unencrypted, and unencrypted ones are not read with a key."""
    storage.objects().insert(bucket=bucket, name="x", media_body=data(b"plain")).execute()
    headers = {header: KEYS[re.sub("x-goog-(copy-source-)?encryption-", "", header)]}
    own = [method for method in METHODS if method.id in ANSWERED and method.api == "storage"]
    calls = {method.id: (method.verb, _address(endpoint, method, bucket)) for method in own}
    upload = f"{endpoint}/upload/storage/v1/b/{bucket}/o?name=new&uploadType"
    calls |= {
        "media": ("GET", f"{endpoint}/storage/v1/b/{bucket}/o/x?alt=media"),
        "download": ("GET", f"{endpoint}/download/storage/v1/b/{bucket}/o/x?alt=media"),
        "upload at once": ("POST", f"{upload}=media"),
        "upload in several requests": ("POST", f"{upload}=resumable"),
        "XML read": ("GET", f"{endpoint}/{bucket}/x"),
        "XML head": ("HEAD", f"{endpoint}/{bucket}/x"),
        "XML multipart upload": ("POST", f"{endpoint}/{bucket}/new?uploads"),
        "XML part": ("PUT", f"{endpoint}/{bucket}/new?partNumber=1&uploadId=x"),
    }

    answers = {name: send(verb, url, b"{}", headers) for name, (verb, url) in calls.items()}

    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(calls, 400)
    text = f"Customer-supplied encryption keys are not emulated: leave {header} out.".encode()
    assert [name for name, answer in answers.items() if text not in answer.content] == ["XML head"]
    assert [item["name"] for item in storage.objects().list(bucket=bucket).execute()["items"]] == ["x"]


def test_names_of_cloud_kms_keys_pass(endpoint: str, bucket: str) -> None:
    """Names of Cloud KMS keys are not secret, and are stored as the API stores them."""
    url = f"{endpoint}/upload/storage/v1/b/{bucket}/o?name=o&uploadType=media"

    answer = send(
        "POST", url, b"x", {"x-goog-encryption-kms-key-name": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}
    )

    assert answer.status == 200


def test_lists_of_what_does_not_exist_here_are_empty(storage: Any, bucket: str) -> None:
    """Lists of what cannot be created are empty; the list of a missing bucket is 404."""
    lists: dict[str, Callable[[str], Any]] = {
        "storage#notifications": lambda name: storage.notifications().list(bucket=name),
        "storage#managedFolders": lambda name: storage.managedFolders().list(bucket=name),
        "storage#anywhereCaches": lambda name: storage.anywhereCaches().list(bucket=name),
        "storage#operations": lambda name: storage.operations().list(bucket=name),
    }

    assert [call(bucket).execute() for call in lists.values()] == [{"kind": kind} for kind in lists]
    assert [refused(call("no-such-bucket-here"))[0] for call in lists.values()] == [404] * len(lists)
    keys = storage.projects().hmacKeys().list(projectId="p-one").execute()
    assert keys == {"kind": "storage#hmacKeysMetadata"}
