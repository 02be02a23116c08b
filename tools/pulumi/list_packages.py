"""Prints the installed packages as `pip list -v --format json` does: name, version and location of each."""

from __future__ import annotations

import json
from importlib import metadata


def main() -> None:
    """Prints the list."""
    found = metadata.distributions()
    print(json.dumps([{"name": p.name, "version": p.version, "location": str(p.locate_file(""))} for p in found]))


if __name__ == "__main__":
    main()
