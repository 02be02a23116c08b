"""`python -m prediction MODEL`; the first words `batch` and `evaluate` are commands of their own."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import command_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code. Default arguments: those of the process."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["batch"]:
        from prediction.cli import batch_command

        return batch_command.main(words[1:])
    if words[:1] == ["evaluate"]:
        from prediction.cli import evaluate_command

        return evaluate_command.main(words[1:])
    from prediction.cli import predict_command

    return predict_command.main(words)


if __name__ == "__main__":
    command_line.run(main)
