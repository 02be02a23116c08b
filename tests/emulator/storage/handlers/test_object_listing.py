"""Lists of objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator.storage.support import data, refused

_NAMES = ["a", "a/", "a/1", "a/2", "a/b/3", "a0", "b/1", "b/2", "c", "é", "\U0001f600", "\uffff"]


@pytest.fixture
def filled(storage: Any, bucket: str) -> str:
    """A bucket with objects of all `_NAMES`."""
    for name in _NAMES:
        storage.objects().insert(bucket=bucket, name=name, media_body=data(b"")).execute()
    return bucket


def _pages(storage: Any, bucket: str, **how: Any) -> Iterator[dict[str, Any]]:
    call = storage.objects().list(bucket=bucket, **how)
    while call is not None:
        page = call.execute()
        yield page
        call = storage.objects().list_next(call, page)


def _list(storage: Any, bucket: str, **how: Any) -> tuple[list[str], list[str]]:
    pages = list(_pages(storage, bucket, **how))
    names = [item["name"] for page in pages for item in page.get("items", [])]
    return names, [prefix for page in pages for prefix in page.get("prefixes", [])]


def test_names_are_listed_in_the_order_of_their_bytes(storage: Any, filled: str) -> None:
    """A list is in the order of UTF-8, not of UTF-16 or of any language."""
    assert _list(storage, filled)[0] == sorted(_NAMES, key=str.encode)


@pytest.mark.parametrize(
    ("how", "items", "prefixes"),
    [
        ({"prefix": "a/"}, ["a/", "a/1", "a/2", "a/b/3"], []),
        ({"prefix": "a/", "delimiter": "/"}, ["a/", "a/1", "a/2"], ["a/b/"]),
        ({"delimiter": "/"}, ["a", "a0", "c", "é", "\uffff", "\U0001f600"], ["a/", "b/"]),
        ({"delimiter": "/", "prefix": "a", "includeTrailingDelimiter": True}, ["a", "a/", "a0"], ["a/"]),
        (
            {"delimiter": "/b/"},
            ["a", "a/", "a/1", "a/2", "a0", "b/1", "b/2", "c", "é", "\uffff", "\U0001f600"],
            ["a/b/"],
        ),
        ({"startOffset": "a/2", "endOffset": "b/2"}, ["a/2", "a/b/3", "a0", "b/1"], []),
        ({"startOffset": "b", "delimiter": "/", "endOffset": "d"}, ["c"], ["b/"]),
        ({"prefix": "zzz"}, [], []),
        ({"prefix": "a/", "delimiter": "/", "includeFoldersAsPrefixes": True}, ["a/", "a/1", "a/2"], ["a/b/"]),
    ],
)
@pytest.mark.parametrize("page", [None, 1, 2, 5])
def test_filters_with_any_size_of_page(
    storage: Any, filled: str, how: dict[str, Any], items: list[str], prefixes: list[str], page: int | None
) -> None:
    """Prefix, delimiter and offsets select the same objects with any page size."""
    more = {} if page is None else {"maxResults": page}

    assert _list(storage, filled, **how, **more) == (items, prefixes)


def test_pages_are_full(storage: Any, filled: str) -> None:
    """Every page but the last holds `maxResults` objects and prefixes together."""
    pages = list(_pages(storage, filled, delimiter="/", maxResults=3))

    assert [len(page.get("items", [])) + len(page.get("prefixes", [])) for page in pages] == [3, 3, 2]


def test_versions_in_pages(storage: Any, bucket: str) -> None:
    """Noncurrent generations are listed by name, then by generation, across pages."""
    storage.buckets().patch(bucket=bucket, body={"versioning": {"enabled": True}}).execute()
    made = [
        storage.objects().insert(bucket=bucket, name=name, media_body=data(b"")).execute()
        for name in ("b", "a", "b", "a", "b")
    ]

    listed = [
        (item["name"], item["generation"])
        for page in _pages(storage, bucket, versions=True, maxResults=2)
        for item in page["items"]
    ]

    assert listed == sorted((item["name"], item["generation"]) for item in made)


@pytest.mark.parametrize(
    "token", ["?", "bm90IGpzb24=", "WzEsIDJd", "WyJhIiwgImIiXQ==", "WyJhIiwgOTk5OTk5OTk5OTk5OTk5OTk5OTldCg=="]
)
def test_invalid_page_tokens(storage: Any, bucket: str, token: str) -> None:
    """A page token that no list returned is 400."""
    assert refused(storage.objects().list(bucket=bucket, pageToken=token))[0] == 400


@settings(max_examples=15)
@given(
    names=st.sets(st.text("a/\U0010ffff", min_size=1, max_size=4), min_size=1, max_size=8),
    prefix=st.text("a/", max_size=2),
    page=st.integers(1, 4),
)
def test_any_names(storage: Any, bucket: str, names: set[str], prefix: str, page: int) -> None:
    """For any names, a list by folders in pages equals the sorted and cut names."""
    objects = storage.objects()
    for old in _list(storage, bucket)[0]:
        objects.delete(bucket=bucket, object=old).execute()
    for name in names:
        objects.insert(bucket=bucket, name=name, media_body=data(b"")).execute()

    found = _list(storage, bucket, prefix=prefix, delimiter="/", maxResults=page)

    chosen = sorted((name for name in names if name.startswith(prefix)), key=str.encode)
    files = [name for name in chosen if "/" not in name[len(prefix) :]]
    folders = {prefix + name[len(prefix) :].split("/")[0] + "/" for name in chosen if name not in files}
    assert found == (files, sorted(folders, key=str.encode))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", ["a", "a0", "c", "é", "\uffff", "\U0001f600"]),
        ("a/*", ["a/", "a/1", "a/2"]),
        ("a/**", ["a/", "a/1", "a/2", "a/b/3"]),
        ("**/[12]", ["a/1", "a/2", "b/1", "b/2"]),
        ("**/a", ["a"]),
        ("**/c", ["c"]),
        ("a/**/3", ["a/b/3"]),
        ("a/**/1", ["a/1"]),
        ("{**/c,b/**/1}", ["b/1", "c"]),
        ("a**/3", ["a/b/3"]),
        ("?/[!1]", ["a/2", "b/2"]),
        ("{a,b}/1", ["a/1", "b/1"]),
        ("{a/*,c}", ["a/", "a/1", "a/2", "c"]),
        ("\\a", ["a"]),
        ("a.", []),
    ],
)
def test_names_by_a_pattern(storage: Any, filled: str, pattern: str, names: list[str]) -> None:
    """`matchGlob` matches whole names, with any page size."""
    assert _list(storage, filled, matchGlob=pattern, maxResults=2)[0] == names


@pytest.mark.parametrize("pattern", ["[a", "{a", "{a,[b}", "[]", "[z-a]", "a" * 1025])
def test_invalid_patterns_are_rejected(storage: Any, filled: str, pattern: str) -> None:
    """Open brackets and braces, ranges that run backwards and too long patterns are 400."""
    assert refused(storage.objects().list(bucket=filled, matchGlob=pattern))[0] == 400
