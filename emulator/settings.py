"""The options of `serve` and `up`, in one table. Imports little, since every command imports it."""

from __future__ import annotations

import argparse
import dataclasses
import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emulator.core.calls.admission import Limits
from emulator.core.google_names import camel
from emulator.http.caller_access import Access, read_token
from emulator.serving.sandbox import MODES
from gcp.errors import Error
from resources.config import local_endpoint

BARE, NAMED = "bare", "named"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this emulator behaves.

    Attributes:
        host: IPv4 address that it listens on; other than loopback only with a token.
        host_name: a host name that clients may use besides `localhost` and `host`.
        token_file: contains the token that every call must send; empty for none.
        client_seconds: how slow a client may be, see `connection.Connection`.
        port: TCP port; 0 takes a free one.
        operation_seconds: minimum duration of a long-running operation.
        sunset: refuse new models and versions as Google does today.
        keep_operations: how many ended operations are kept, the latest.
        quota_calls: management calls allowed within `quota_seconds`; 0 for no limit.
        quota_operations: concurrent creations and deletions of versions; 0 for no limit.
        quota_seconds: the period of `quota_calls`.
        sandbox: which layers of the sandbox nodes use, see `sandbox.MODES`.
        single_output: predictions of signatures with one output: `named`, objects keyed by it; or `bare`, its values.
        split_seconds: after which a new traffic split of an endpoint takes effect.
        release_seconds: for which a model version cannot be deleted after it was undeployed.
        most_replicas: limit on the sum of the maximum replica counts in a location; 0 for no limit.
        idle_seconds: how long a node must have been unnecessary before autoscaling stops it.
    """

    host: str = "127.0.0.1"
    host_name: str = ""
    token_file: str = ""
    client_seconds: float = 30.0
    port: int = local_endpoint.PORT
    operation_seconds: float = 0.0
    sunset: bool = False
    keep_operations: int = 10_000
    quota_calls: int = 0
    quota_operations: int = 0
    quota_seconds: float = 60.0
    sandbox: str = "auto"
    single_output: str = NAMED
    idle_seconds: float = 60.0
    split_seconds: float = 0.0
    release_seconds: float = 0.0
    most_replicas: int = 0

    @property
    def access(self) -> Access:
        """Who may call. Raises `Error` if other machines could call without a token."""
        if not self.token_file and not ipaddress.ip_address(self.host).is_loopback:
            raise Error(f"{self.host} can be reached by other machines: --host other than 127.0.0.1 needs --token-file")
        names = {self.host, self.host_name} - {"", "0.0.0.0"}  # noqa: S104  # clients do not send these names
        return Access(frozenset(names), read_token(Path(self.token_file)) if self.token_file else "")

    @property
    def endpoint(self) -> str:
        """Its URL on this machine."""
        host = "127.0.0.1" if ipaddress.ip_address(self.host).is_unspecified else self.host
        return f"http://{host}:{self.port}"

    @property
    def quota(self) -> Limits:
        """The quotas that are enforced."""
        return Limits(calls=self.quota_calls, seconds=self.quota_seconds, operations=self.quota_operations)

    @classmethod
    def given(cls, options: argparse.Namespace, like: Settings | None = None) -> Settings:
        """The settings from a command line of `add_options`.

        Args:
            options: the parsed command line. The default address is that of the local stack in this folder.
            like: defaults for all other options. Default: `Settings()`.

        Raises:
            InvalidInput: the local stack's endpoint is not on this machine.
        """
        given = {name: getattr(options, name) for name in _OPTIONS if getattr(options, name) is not None}
        if "port" not in given:
            host, port = local_endpoint.address()
            given = {"host": host, **given, "port": port}
        if given.get("token_file"):
            given["token_file"] = str(Path(given["token_file"]).absolute())
        return replace(like or cls(), **given)

    @classmethod
    def of_status(cls, shown: dict[str, Any], token_file: str) -> Settings:
        """The settings of a running emulator, from its `shown`, with defaults for those that an older version lacks."""
        quota = {f"quota_{name}": value for name, value in shown.get("quota", {}).items()}
        named = {name: shown.get(camel(name)) for name in _OPTIONS} | quota
        known = {
            name: type(default)(named[name]) for name, default in _defaults().items() if named.get(name) is not None
        }
        return cls(**{**known, "token_file": token_file})

    def arguments(self) -> list[str]:
        """The command line for the same settings, valid in any folder."""
        words = ["--port", str(self.port)]
        for name, default in _defaults().items():
            value = getattr(self, name)
            if value != default and name != "port":
                words += [_flag(name)] if value is True else [_flag(name), str(value)]
        return words

    def shown(self) -> dict[str, Any]:
        """The settings as shown by `/-/status`, with camelCase names."""
        flat = {camel(name): getattr(self, name) for name in _OPTIONS if not name.startswith("quota_")}
        token = bool(flat.pop("tokenFile"))  # a path of this machine
        return {**flat, "token": token, "quota": self.quota.to_json()}


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options; the value is None if one is not given."""
    for name, default in _defaults().items():
        row = {**_OPTIONS[name], "help": _OPTIONS[name]["help"] % {"default": default}}
        command.add_argument(_flag(name), default=None, **row)


def _defaults() -> dict[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(Settings) if field.name in _OPTIONS}


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 65535; it is {text!r}")
    return int(text)


def _address(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be an IPv4 address; it is {text!r}") from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10**6:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 1000000; it is {text!r}")
    return int(text)


def _seconds(least: float) -> Any:
    def seconds(text: str) -> float:
        number = float(text)
        if not least <= number <= 3600:
            raise argparse.ArgumentTypeError(f"must be {least:g} to 3600")
        return number

    return seconds


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


_OPTIONS: dict[str, dict[str, Any]] = {
    "port": {
        "type": _port,
        "help": f"TCP port, 0 for a free one (default: that of {local_endpoint.ENDPOINT_VARIABLE}, else of "
        f"{local_endpoint.KEY} in {local_endpoint.FILE}, else %(default)s)",
    },
    "host": {
        "type": _address,
        "metavar": "ADDRESS",
        "help": "IPv4 address to listen on; other than loopback needs --token-file (default: %(default)s)",
    },
    "host_name": {"metavar": "NAME", "help": "a host name that clients may use, besides localhost and ADDRESS"},
    "token_file": {
        "metavar": "FILE",
        "help": "every call must send the token in FILE, as Authorization: Bearer or as a Basic password",
    },
    "client_seconds": {
        "type": _seconds(0.1),
        "metavar": "S",
        "help": "disconnect clients that take longer to send the request headers, or stall (default: %(default)g)",
    },
    "operation_seconds": {
        "type": _seconds(0),
        "metavar": "S",
        "help": "long-running operations take at least S seconds (default: %(default)g)",
    },
    "sunset": {"action": "store_true", "help": "refuse new models and versions, as Google does"},
    "keep_operations": {
        "type": _count,
        "metavar": "N",
        "help": "keep the last N ended operations (default: %(default)s)",
    },
    "quota_calls": {
        "type": _count,
        "metavar": "N",
        "help": "refuse more than N management calls per minute (Google: 300; default: no limit)",
    },
    "quota_operations": {
        "type": _count,
        "metavar": "N",
        "help": "refuse to create and delete more than N versions at a time (Google: 10; default: no limit)",
    },
    "quota_seconds": {
        "type": _seconds(0.1),
        "metavar": "S",
        "help": "length of the minute of --quota-calls (default: %(default)g)",
    },
    "sandbox": {
        "choices": MODES,
        "help": "auto: the layers that this system has; require: all, or fail; off: none (default: %(default)s)",
    },
    "single_output": {
        "choices": (BARE, NAMED),
        "help": "signatures with one output answer objects keyed by its name (named) or the value alone (bare) "
        "(default: %(default)s)",
    },
    "idle_seconds": {
        "type": _seconds(0.1),
        "metavar": "S",
        "help": "autoscaled nodes stop after S idle seconds (default: %(default)g)",
    },
    "split_seconds": {
        "type": _seconds(0),
        "metavar": "S",
        "help": "a new traffic split of an endpoint takes effect after S seconds (default: %(default)g)",
    },
    "release_seconds": {
        "type": _seconds(0),
        "metavar": "S",
        "help": "a model version cannot be deleted for S seconds after it was undeployed (default: %(default)g)",
    },
    "most_replicas": {
        "type": _count,
        "metavar": "N",
        "help": "refuse deployments whose maximum replica counts sum to more than N in a location (default: no limit)",
    },
}
