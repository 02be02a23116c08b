"""Asking from the page."""

from __future__ import annotations

from tests.emulator.console.browser import Page

RESULT = "document.getElementById('result').innerText"


def table(project: str, model: str) -> str:
    """The element with the versions of a model, as an expression: other projects may have one of the same name."""
    heading = f"each.innerText === {f'{model} {project}'!r}"
    return f"[...document.querySelectorAll('#model-list h3')].find((each) => {heading})?.nextElementSibling"


def predict(page: Page) -> str:
    """What the page shows after a prediction."""
    page.run("document.getElementById('result').replaceChildren()")
    page.run("document.getElementById('predict').click()")
    page.until(f"{RESULT}.includes('Answered in') || document.querySelector('#result .bad') !== null")
    found: str = page.run(RESULT)
    return found


def choose_version(page: Page, name: str) -> None:
    """Chooses a version by its full name, once it is offered, and waits until the form is that version's."""
    page.until(f"[...document.getElementById('version').options].some((each) => each.value === {name!r})")
    page.choose("version", name)
    page.until("!document.getElementById('predict').hasAttribute('aria-disabled')")
