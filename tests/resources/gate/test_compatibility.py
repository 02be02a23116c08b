"""Which changes of a version's signatures break its clients."""

from __future__ import annotations

from typing import Any

import pytest

from resources.gate import compatibility

X, Y = "float32[?, 5]", "float32[?, 3]"


def signature(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """One signature, for display."""
    return {"inputs": inputs, "outputs": outputs}


INPUTS = [
    pytest.param(X, X, False, id="the same"),
    pytest.param(X, None, True, id="removed"),
    pytest.param(None, X, True, id="added"),
    pytest.param(X, "int32[?, 5]", True, id="retyped"),
    pytest.param(X, "float32[?, ?]", False, id="a size is open now"),
    pytest.param("float32[?, ?]", X, True, id="a size is fixed now"),
    pytest.param(X, "float32[?, 6]", True, id="another size"),
    pytest.param(X, "float32[?]", True, id="a lower rank"),
    pytest.param(X, "float32[?, 5, 1]", True, id="a higher rank"),
    pytest.param(X, "float32[...]", False, id="any rank now"),
    pytest.param("float32[...]", X, True, id="one rank now"),
    pytest.param("float32[...]", "float32[...]", False, id="any rank still"),
    pytest.param("float32[]", "float32[]", False, id="a scalar still"),
    pytest.param("float32[]", "float32[?]", True, id="no scalar any more"),
    pytest.param("float32[1, 5]", "float32[?, 5]", False, id="a batch of any size now"),
]
OUTPUTS = [
    pytest.param(Y, Y, False, id="the same"),
    pytest.param(Y, None, True, id="removed"),
    pytest.param(None, Y, False, id="added"),
    pytest.param(Y, "float64[?, 3]", True, id="retyped"),
    pytest.param(Y, "float32[?, ?]", True, id="a size is open now"),
    pytest.param("float32[?, ?]", Y, False, id="a size is fixed now"),
    pytest.param(Y, "float32[?, 4]", True, id="another size"),
    pytest.param(Y, "float32[?]", True, id="another rank"),
    pytest.param(Y, "float32[...]", True, id="any rank now"),
    pytest.param("float32[...]", Y, False, id="one rank now"),
]


def tensors(display: str | None) -> dict[str, Any]:
    """Beside one that stays."""
    return {"stays": "string[?]", **({"t": display} if display else {})}


@pytest.mark.parametrize(("before", "after", "breaks"), INPUTS)
def test_an_input_must_take_all_that_it_took(before: str | None, after: str | None, breaks: bool) -> None:
    """Added, removed, retyped or narrowed, it breaks clients; the change is reported with both values."""
    old = {"serving_default": signature(tensors(before), {"y": Y})}
    new = {"serving_default": signature(tensors(after), {"y": Y})}

    reported = [f"serving_default input t: expected {before or 'none'}, got {after or 'none'}"]
    assert compatibility.breaking_changes(old, new) == (reported if breaks else [])


@pytest.mark.parametrize(("before", "after", "breaks"), OUTPUTS)
def test_an_output_must_give_nothing_that_it_did_not_give(before: str | None, after: str | None, breaks: bool) -> None:
    """Removed, retyped or widened, it breaks clients; one more does not."""
    old = {"serving_default": signature({"x": X}, tensors(before))}
    new = {"serving_default": signature({"x": X}, tensors(after))}

    reported = [f"serving_default output t: expected {before}, got {after or 'none'}"]
    assert compatibility.breaking_changes(old, new) == (reported if breaks else [])


def test_every_signature_stays() -> None:
    """One that is gone breaks its clients, one more does not; all changes are reported."""
    one = signature({"x": X}, {"y": Y})
    other = signature({"x": "int64[?]"}, {})

    assert compatibility.breaking_changes({"serving_default": one}, {"serving_default": one, "b": other}) == []
    assert compatibility.breaking_changes({"a": one, "b": one, "c": one}, {"a": other, "c": one}) == [
        "a input x: expected float32[?, 5], got int64[?]",
        "a output y: expected float32[?, 3], got none",
        "signature b: removed",
    ]


def test_requests_without_a_signature_name_keep_theirs() -> None:
    """The only signature answers them until there is another one; then it is serving_default."""
    one, other = signature({"x": X}, {"y": Y}), signature({"x": X}, {})

    assert compatibility.breaking_changes({"a": one}, {"a": one, "b": one}) == [
        "requests without a signature name: expected signature a, got none"
    ]
    assert compatibility.breaking_changes({"a": one}, {"a": one, "serving_default": one}) == []
    assert compatibility.breaking_changes({"a": one}, {"a": one, "serving_default": other}) == [
        "requests without a signature name: serving_default output y: expected float32[?, 3], got none"
    ]


def test_either_form_is_read() -> None:
    """Structured, as manifests hold it, and for display."""
    structured = {"inputs": {"x": {"dtype": "float32", "shape": [None, 5]}}, "outputs": {"y": Y}}

    assert compatibility.readable({"a": structured}) == {"a": signature({"x": X}, {"y": Y})}


@pytest.mark.parametrize(
    "junk",
    [None, 5, "a", [1], {"a": 5}, {"a": {"inputs": 5}}, {"a": {"inputs": {"x": "float32"}}}, {"a": {"x": {"y": {}}}}],
)
def test_what_holds_no_signatures_is_not_known(junk: Any) -> None:
    """A manifest that somebody else wrote may hold anything under that name."""
    assert compatibility.readable(junk) == {}
