"""Servers on this machine that are not the API: one with a constant response, over HTTP or TLS, and a proxy."""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PAGE = b"<html><body>Sign in\n to the network</body></html>"


@contextmanager
def serving(status: int, content: bytes, certificate: Path | None = None) -> Iterator[int]:
    """A server that gives this response to every request, CONNECT too; yields its port.

    Args:
        status: the status of every response.
        content: the body of every response.
        certificate: a file with key and certificate; with it the server uses TLS.
    """

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            self.close_connection = True
            if self.raw_requestline and self.parse_request():
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *values: object) -> None:
            """Prints nothing, to keep the output of the tests clean."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *values: object) -> None:
            """Ignores errors, since clients of some tests hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def relaying(target: int) -> Iterator[tuple[int, list[str]]]:
    """A proxy that relays one CONNECT to a port of this machine; yields its port and the requests it got."""
    requests: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)

    def relay() -> None:
        client, _ = listener.accept()
        with (
            suppress(ConnectionError),
            client,
            socket.create_connection(("127.0.0.1", target)) as server,
            client.makefile("rb") as lines,
        ):
            head = list(iter(lines.readline, b"\r\n"))
            requests.append(b" ".join(head[0].split()[:2]).decode())
            requests.extend(line.partition(b": ")[2].strip().decode() for line in head if b"Proxy-Auth" in line)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            sides = {client: server, server: client}
            while True:
                for side in select.select(list(sides), [], [], 30)[0]:
                    content = side.recv(65536)
                    if not content:
                        return
                    sides[side].sendall(content)

    thread = threading.Thread(target=relay)
    thread.start()
    try:
        yield listener.getsockname()[1], requests
    finally:
        thread.join()
        listener.close()


def certificate(file: Path, *, host: str = "127.0.0.1", days: int = 1) -> Path:
    """Writes a key and a self-signed certificate for a host; it expires `days` days from now. Returns the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    start = datetime.now(timezone.utc) - timedelta(days=2)
    hosts = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=2 + days))
        .add_extension(x509.SubjectAlternativeName([hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
