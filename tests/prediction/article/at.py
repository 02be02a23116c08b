"""Runs a program with Google's address at another endpoint: `python at.py ENDPOINT PROGRAM ARGUMENTS`."""

from __future__ import annotations

import runpy
import sys
from functools import partial

import googleapiclient.discovery
from google.auth.credentials import AnonymousCredentials


def main(endpoint: str, *program: str) -> None:
    """Runs the program; every Google client that it builds uses the endpoint."""
    googleapiclient.discovery.build = partial(
        googleapiclient.discovery.build,
        client_options={"api_endpoint": endpoint},
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # the package has no annotations
    )
    sys.argv = list(program)
    runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
