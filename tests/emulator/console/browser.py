"""A headless Chromium of the system's, driven by Playwright."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import CDPSession, ConsoleMessage, sync_playwright
from playwright.sync_api import Page as ChromiumPage

from tests.emulator.ml.caller import until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """One page.

    Attributes:
        page: Playwright's page.
        protocol: its DevTools protocol, for what Playwright has no method for.
    """

    def __init__(self, page: ChromiumPage) -> None:
        self.page = page
        self.protocol: CDPSession = page.context.new_cdp_session(page)
        self._errors: list[str] = []
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._errors.append(message.text)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; of a promise, once it is resolved."""
        return self.page.evaluate(script)

    def open(self, url: str) -> None:
        """Opens an address, and waits until the page is loaded."""
        self.page.goto(url)

    def until(self, script: str) -> Any:
        """The value of an expression as soon as it is true."""
        return until(lambda: self.run(script), script)

    def choose(self, place: str, value: str) -> None:
        """Chooses an option of the list with this id by its value."""
        self.page.locator(f"#{place}").select_option(value)

    def give(self, place: str, file: Path) -> None:
        """Chooses a file in the input that an expression gives."""
        element = self.page.evaluate_handle(place).as_element()
        assert element is not None, place
        element.set_input_files(file)

    def type(self, place: str, text: str) -> None:
        """Replaces the text of the field that an expression gives, which may stand in a closed part."""
        change = f"each.value = {text!r}; each.dispatchEvent(new Event('input', {{bubbles: true}}))"
        self.run(f"(each => {{ {change} }})({place})")

    def press(self, key: str) -> None:
        """Presses a key."""
        self.page.keyboard.press(key)

    def drag(self, x: float, y: float, down: float) -> None:
        """Presses the mouse at a point, in CSS pixels, moves it down so far, and releases it."""
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x, y + down)
        self.page.mouse.up()

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Resizes the window, in CSS pixels; a phone's reads the page's viewport."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.protocol.send("Emulation.setDeviceMetricsOverride", size)

    def scheme(self, name: str) -> None:
        """Prefers `dark` or `light`."""
        self.page.emulate_media(color_scheme="dark" if name == "dark" else "light")

    def picture(self, file: Path) -> None:
        """Writes what the page shows as a PNG."""
        self.page.screenshot(path=file, full_page=True)

    def tree(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader reads."""
        self.protocol.send("Accessibility.enable")
        nodes = self.protocol.send("Accessibility.getFullAXTree")["nodes"]
        seen = [node for node in nodes if not node["ignored"]]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in seen]

    def logged_errors(self) -> list[str]:
        """What the browser refused and the exceptions of the page's own code."""
        self.run("0")
        return self._errors


class Browser:
    """A running browser."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium

    @contextlib.contextmanager
    def page(self) -> Iterator[Page]:
        """A new page, which shares nothing with the others; open, it would go on asking its emulator."""
        context = self._chromium.new_context()
        try:
            yield Page(context.new_page())
        finally:
            context.close()


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """A browser for as long as the block runs."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield Browser(chromium)
        finally:
            chromium.close()
