"""The error tree: what the client reads is what the emulator raises."""

from __future__ import annotations

import json
import pickle

import pytest

from emulator.rest.error_body import canonical, with_reasons
from gcp import error_responses, errors
from prediction.errors import PredictionFailed
from resources.deploy_errors import ArtifactError


def leaves(kind: type[errors.Error]) -> list[type[errors.Error]]:
    """All classes below one."""
    return [
        leaf for child in kind.__subclasses__() for leaf in [child, *leaves(child)] if "gcp.errors" in leaf.__module__
    ]


API_ERRORS = [kind for kind in leaves(errors.ApiError) if issubclass(kind, errors.ApiError)]
OTHERS = [
    errors.InvalidInput([("a.b", "is missing"), ("c", "is wrong")]),
    ArtifactError("x"),
    errors.EndpointUnreachable("x"),
    errors.OperationFailed("x", 9),
    errors.OperationTimeout("x"),
    PredictionFailed("x"),
]


@pytest.mark.parametrize("kind", API_ERRORS, ids=lambda kind: kind.__name__)
def test_an_answer_is_read_as_the_error_that_it_was_written_from(kind: type[errors.ApiError]) -> None:
    """Both ends share the classes, so nothing is lost on the wire."""
    sent = kind(errors.SUNSET_TEXT if kind is errors.Sunset else "why", [{"reason": "R"}])

    read = error_responses.from_response(kind.code, json.dumps(canonical(sent)).encode())

    assert type(read) is kind
    assert read.message == sent.message


@pytest.mark.parametrize("kind", API_ERRORS, ids=lambda kind: kind.__name__)
def test_cloud_storages_shape_is_read_by_its_code(kind: type[errors.ApiError]) -> None:
    """It has a reason in the place of a status."""
    body = with_reasons(kind("why"))

    assert body["error"]["errors"] == [{"message": "why", "domain": "global", "reason": kind.reason}]
    assert error_responses.from_response(kind.code, json.dumps(body).encode()).code == kind.code


@pytest.mark.parametrize(
    "error", [*OTHERS, *(kind("why", [{"a": 1}]) for kind in API_ERRORS)], ids=lambda e: type(e).__name__
)
def test_an_error_crosses_processes(error: errors.Error) -> None:
    """The provider and the engine are different processes."""
    error.method = "ml.projects.models.create"

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled in the same line

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("code", "content", "kind"),
    [
        (502, b"<html><body>Bad\n gateway</body></html>", errors.Unavailable),
        (500, b"", errors.Internal),
        (418, b"{}", errors.InvalidArgument),
        (404, b'{"error": "plain"}', errors.NotFound),
        (409, b'{"error": {"status": "ABORTED", "message": "m"}}', errors.Aborted),
        (409, b'{"error": {"message": "m"}}', errors.AlreadyExists),
        (400, b"\xff\xfe", errors.InvalidArgument),
    ],
)
def test_an_answer_that_is_not_the_apis_own_is_an_error_of_one_line(
    code: int, content: bytes, kind: type[errors.ApiError]
) -> None:
    """A proxy's HTML, an empty body and broken bytes give a class by the code and one short line."""
    error = error_responses.from_response(code, content)

    assert type(error) is kind
    assert error.code == code
    assert error.message
    assert "\n" not in error.message
    assert len(error.message) < 300


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        (502, errors.Unavailable, "Bad Gateway"),
        (507, errors.Unavailable, "Insufficient Storage"),
        (599, errors.Unavailable, "UNAVAILABLE"),
        (451, errors.InvalidArgument, "Unavailable For Legal Reasons"),
    ],
)
def test_a_status_that_no_class_has_is_told_as_it_came(code: int, kind: type[errors.ApiError], status: str) -> None:
    """Of its class is only what to do about it; it crosses processes."""
    error = pickle.loads(pickle.dumps(error_responses.from_response(code, b"<html>")))  # noqa: S301 - pickled in the same line

    assert type(error) is kind
    assert (error.code, error.status) == (code, status)
    assert (kind.code, kind.status) != (code, status)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """Every class stands in the picture at the head of the module."""
    for kind in leaves(errors.Error):
        assert f"── {kind.__name__} " in str(errors.__doc__), kind


def test_an_error_of_a_download_is_its_text() -> None:
    """Cloud Storage writes it as plain text where bytes are asked for; a proxy's page stays one."""
    plain = error_responses.from_response(404, b"No such object: b/o", media=True)
    page = error_responses.from_response(404, b"<html>Not here</html>", media=True)

    assert (type(plain), str(plain)) == (errors.NotFound, "No such object: b/o")
    assert str(page).startswith("not the API's own answer")
