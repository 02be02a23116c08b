"""A project of its own, in which the commands of pages are run as a reader types them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.addresses import free_ports
from tests.docs import pages
from tests.docs.pages import Block
from tests.running import BOUND, ROOT

FOLDERS = ("artifact_format", "benchmarks", "emulator", "gcp", "models", "prediction", "resources", "tools")
FILES = (
    "Makefile",
    "Pulumi.yaml",
    "Pulumi.local.yaml",
    "__main__.py",
    "command_line.py",
    "local.env",
    "requirements.txt",
)
PORT = "8470"
"""The port in the pages; a session takes a free one."""
_MARK = "@@ "
# What `make` does of itself is done already: an environment for each session would take minutes.
_MAKE = 'make() { command make -o setup "$@"; }\n'


class Session:
    """A copy of the project that was set up, with an emulator of its own.

    Attributes:
        root: the copy.
    """

    def __init__(self, folder: Path) -> None:
        self.root, self._home = folder / "project", folder / "home"
        (self._home / "pulumi").mkdir(parents=True)
        self._port = str(free_ports(1)[0])
        for name in FOLDERS:
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            (self.root / name).write_text(self._fitted((ROOT / name).read_text(encoding="utf-8")), encoding="utf-8")
        for script in ("tools", "local.env"):
            shutil.copystat(ROOT / script, self.root / script)
        (self.root / ".venv").symlink_to(sys.prefix)
        (self.root / ".local/state").mkdir(parents=True)
        self.run("source local.env\npulumi stack init --no-select local")

    def _fitted(self, text: str) -> str:
        return text.replace(PORT, self._port)

    def page(self, name: str, before: str = "") -> str:
        """Runs the blocks of a page in one shell, after `before`; returns what they print.

        Raises:
            AssertionError: a command does not end as its block says, or does not print what the page shows.
        """
        found = [block for block in pages.blocks(ROOT / name) if _step(block)]
        text = self.run(before + "".join(f"\necho {_MARK!r}{block}\n{_step(block)}" for block in found))
        printed = dict(part.split("\n", 1) for part in text.split(_MARK)[1:])
        last = ""
        for block in pages.blocks(ROOT / name):
            last = printed.get(str(block), last) if block.language == "bash" else last
            if (block.language, block.word) == ("text", "output"):
                missing = [line for line in self._fitted(block.text).splitlines() if line.strip() not in _plain(last)]
                assert missing == [], f"{block}: not printed: {missing}\n{last}"
        return text

    def run(self, script: str) -> str:
        """What a script prints in a shell that stops at the first error. Raises `AssertionError` where it fails."""
        known = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "TF2_MODELS_"))}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", _MAKE + self._fitted(script)],
            cwd=self.root,
            env={**known, "HOME": str(self._home), "PULUMI_HOME": str(self._home / "pulumi")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=4 * BOUND,
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout[-6000:]}"
        return done.stdout

    def stop(self) -> None:
        """Ends the emulator, if one is up."""
        self.run("source local.env\npython -m emulator down")


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _step(block: Block) -> str:
    """A block as a script; empty if it is not run."""
    if block.language == "bash" and block.word == "":
        return block.text
    if block.language == "bash" and block.word == "fails":
        return f"if {{ {block.text.strip()}; }}; then echo 'it should fail'; exit 1; fi\n"
    if block.language == "python" and block.word == "run":
        return f"python - <<'END'\n{block.text}END\n"
    if block.language == "diff":
        change = f"PYTHONPATH={shlex.quote(str(ROOT))} {sys.executable} -m tests.docs.stack_files {block.word}"
        return f"{change} <<'END'\n{block.text}END\n"
    if block.language in ("python", "yaml") and block.word.endswith((".py", ".yaml")):
        return f"cat > {block.word} <<'END'\n{block.text}END\n"
    return ""
