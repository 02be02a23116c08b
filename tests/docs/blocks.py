"""How each block of the documentation is tested, by what stands after its fence."""

from __future__ import annotations

from tests.docs.pages import Block

NOT_RUN = {
    "google": "needs a Google project, or a bucket of one",
    "gcloud": "needs gcloud; tests/clients runs it where it is installed",
    "rclone": "needs rclone; tests/clients builds it",
    "example": "needs files or tables of the reader",
    "slow": "takes too long",
    "endless": "ends with Ctrl-C",
}
"""Shell blocks with these words are parsed: their commands and options must exist."""

LOCAL = (
    "docs/tutorials/first-deployment.md",
    "docs/tutorials/own-model.md",
    "docs/tutorials/roll-out-and-roll-back.md",
    "docs/prediction.md",
    "docs/reference/artifacts.md",
    "docs/reference/emulator-models.md",
    "docs/how-to/shared-artifacts.md",
)
"""Pages whose blocks run on the local stack, one after the other in one project."""

TRIAL = (
    "docs/tutorials/add-an-environment.md",
    "docs/how-to/lost-state.md",
    "docs/how-to/import-rename-move.md",
    "docs/how-to/killed-update.md",
)
"""Pages whose blocks run on the second stack of a tutorial, after those of `LOCAL`."""

LAST = ("docs/how-to/secrets.md",)
"""Pages whose blocks change the local stack's file for good."""

ALONE = ("docs/reference/emulator.md",)
"""Pages whose blocks need an emulator and nothing deployed."""

SESSIONS = (*LOCAL, *TRIAL, *LAST, *ALONE)
_IN_A_SESSION = {
    ("bash", ""): "run",
    ("bash", "fails"): "run, and must fail",
    ("python", "run"): "run",
    ("text", "output"): "compared with what the last command prints",
}
_ANYWHERE = {
    ("python", ""): "compiled, its imports looked up",
    ("text", ""): "only shown: what a program prints",
    ("text", "tree"): "compared with the folders",
    **{("bash", word): f"parsed: {why}" for word, why in NOT_RUN.items()},
    **{(language, ""): "compared with the clients that are tested" for language in ("go", "js", "java")},
}


def treatment(block: Block) -> str:
    """How a block is tested; empty if it is not."""
    kind = (block.language, block.word)
    if kind == ("bash", "ci") and block.page == "README.md":
        return "run by .ci/run"
    if block.language in ("yaml", "diff") and block.word:
        return "read as a stack file"
    if block.page in SESSIONS and block.language == "python" and block.word.endswith(".py"):
        return "written to its file in a session"
    if block.page in SESSIONS and kind in _IN_A_SESSION:
        return _IN_A_SESSION[kind]
    return _ANYWHERE.get(kind, "")
