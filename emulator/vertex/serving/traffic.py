"""Traffic splits: their checks, and when they take effect."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.core.clock import Clock
from emulator.core.store import Store
from emulator.vertex import tables
from emulator.vertex.requests import request_checks
from gcp import errors

NEW = "0"
"""The key in a split for the model that is being deployed."""

Split = Mapping[str, int]
"""Id of a deployed model -> its share of the requests, in percent."""


def checked_split(split: Split, known: Collection[str]) -> Split:
    """Checks that a split names deployed models and sums to 100, or is empty. Raises `InvalidArgument`."""
    for id_, share in split.items():
        if id_ not in known:
            raise request_checks.field_error("trafficSplit", f"{id_!r} is not the id of a deployed model.")
        if not 0 <= share <= 100:  # per cent
            raise request_checks.field_error("trafficSplit", f"the share of {id_} must be 0 to 100; got {share}.")
    if split and sum(split.values()) != 100:  # per cent
        raise request_checks.field_error("trafficSplit", f"the shares must sum to 100; got {sum(split.values())}.")
    return split


class Traffic:
    """The splits of endpoints.

    Args:
        store: the database.
        clock: gives the times of changes.
        seconds: seconds until a new split takes effect; until then the previous split routes requests.
    """

    def __init__(self, store: Store, clock: Clock, seconds: float) -> None:
        self._store, self._clock, self._seconds = store, clock, seconds

    def change(self, row: sqlite3.Row, split: Split) -> None:
        """Writes the new split of an endpoint; an entry of 0 is left out."""
        kept = {id_: share for id_, share in split.items() if share}
        if kept == json.loads(row["split"]):
            return
        now = self._clock.now()
        prior, _ = self.now_and_next(row)
        self._store.run(
            "UPDATE vertex_endpoints SET split = ?, prior_split = ?, split_from = ?"
            " WHERE project = ? AND location = ? AND id = ?",
            *(json.dumps(kept), json.dumps(prior), (now + timedelta(seconds=self._seconds)).isoformat()),
            *(row["project"], row["location"], row["id"]),
        )

    def without(self, row: sqlite3.Row, gone: str, split: Split) -> Split:
        """The split of an endpoint after a model is undeployed: the given one, or else the current one.

        Raises:
            InvalidArgument: `split` is not allowed.
            FailedPrecondition: the deployed model has traffic, and `split` still gives it some.
        """
        rest = [id_ for id_ in tables.deployed_ids(self._store, row) if id_ != gone]
        if not rest:
            return {}
        wanted = split or json.loads(row["split"])
        if wanted.get(gone):
            raise errors.FailedPrecondition(
                f"The deployed model {gone} has {wanted[gone]} % of the traffic: give it to others first, or with"
                " trafficSplit of this call."
            )
        return checked_split({id_: share for id_, share in wanted.items() if id_ != gone}, rest)

    def write(self, row: sqlite3.Row, body: Mapping[str, Any] | None = None) -> None:
        """Writes an endpoint's new etag, the time of its change and, if given, a new body."""
        self._store.run(
            "UPDATE vertex_endpoints SET body = coalesce(?, body), etag = ?, updated = ?"
            " WHERE project = ? AND location = ? AND id = ?",
            *(None if body is None else json.dumps(body), tables.new_etag(), self._clock.now().isoformat()),
            *(row["project"], row["location"], row["id"]),
        )

    def now_and_next(self, row: sqlite3.Row) -> tuple[Split, datetime | None]:
        """The split in effect, and when the next one replaces it; None if there is no next one."""
        begins = datetime.fromisoformat(row["split_from"])
        if self._clock.now() >= begins:
            return json.loads(row["split"]), None
        return json.loads(row["prior_split"]), begins
