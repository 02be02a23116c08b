"""Folders with a `Pulumi.local.yaml`, endpoints outside this machine, and free ports."""

from __future__ import annotations

import contextlib
import secrets
import socket
from pathlib import Path

ELSEWHERE = (
    *("global", "regional", "GLOBAL", "us-central1", "8470", "127.0.0.1:8470", "http://", "http:/127.0.0.1:8470"),
    *("https://127.0.0.1:8470", "https://localhost:8470", "https://ml.googleapis.com", "http://ml.googleapis.com"),
    *("http://0.0.0.0:8470", "http://0:8470", "http://192.168.1.5:8470", "http://128.0.0.1:8470", "http://10.0.0.1"),
    *("http://[::1]:8470", "http://[::ffff:127.0.0.1]:8470", "http://[::]:8470", "http://::1:8470"),
    *("http://example.com:8470", "http://localhost.example.com:8470", "http://127.0.0.1.example.com:8470"),
    *("http://127.1:8470", "http://2130706433:8470", "http://0x7f.0.0.1:8470", "http://127.0.0.256:8470"),
    *(
        "http://127.0.0.1:0",
        "http://127.0.0.1:65536",
        "http://127.0.0.1:x",
        "http://127.0.0.1:\uff18\uff14\uff17\uff10",
    ),
    *("http://127.0.0.1:8470/v1", "http://127.0.0.1:8470?a=b", "http://127.0.0.1:8470#a", "http://127.0.0.1:8470\n"),
    *("http://127.0.0.1:8470@example.com", "http://127.0.0.1:8470\\@example.com", "http://user:secret@127.0.0.1:8470"),
    *("ftp://127.0.0.1:8470", "file:///127.0.0.1", " http://127.0.0.1:8470 "),
)
"""Endpoints that are not, or not certainly, an emulator on this machine."""

_PORTS = range(12_000, 32_000)
"""Ports below those that Linux gives to clients (`net.ipv4.ip_local_port_range`)."""


def declare(folder: Path, endpoint: str | int | None) -> Path:
    """Writes a folder's stack file with an endpoint, or with a port of 127.0.0.1; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{endpoint}" if isinstance(endpoint, int) else endpoint
    line = f"  tf2-models:endpoint: {_quoted(url)}\n" if url else ""
    (folder / "Pulumi.local.yaml").write_text(f"config:\n  gcp:project: demo\n{line}", encoding="utf-8")
    return folder


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def free_ports(count: int) -> list[int]:
    """Different ports that were free a moment ago and that the system gives to no client meanwhile."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found += [port] * (port not in found)
    return found
