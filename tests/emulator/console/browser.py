"""A headless Chromium of the system's, driven by Playwright on an event loop in a thread of its own.

Playwright's synchronous API leaves a running loop in the thread that started it, for as long as the browser lives:
every later `asyncio.run` of the same process would fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, CDPSession, ConsoleMessage, async_playwright
from playwright.async_api import Page as ChromiumPage

from tests.emulator.ml.caller import until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_Answer = TypeVar("_Answer")


class Loop:
    """An event loop that runs in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def wait(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:
        """What a coroutine returns, which runs on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Runs the loop for as long as the block runs."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()


class Page:
    """One page: Playwright's, and its DevTools protocol for what Playwright has no method for."""

    def __init__(self, page: ChromiumPage, protocol: CDPSession, loop: Loop) -> None:
        self._page = page
        self._protocol = protocol
        self._wait = loop.wait
        self._errors: list[str] = []
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._errors.append(message.text)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; of a promise, once it is resolved."""
        return self._wait(self._page.evaluate(script))

    def open(self, url: str) -> None:
        """Opens an address, and waits until the page is loaded."""
        self._wait(self._page.goto(url))

    def until(self, script: str) -> Any:
        """The value of an expression as soon as it is true."""
        return until(lambda: self.run(script), script)

    def choose(self, place: str, value: str) -> None:
        """Chooses an option of the list with this id by its value."""
        self._wait(self._page.locator(f"#{place}").select_option(value))

    def give(self, place: str, file: Path) -> None:
        """Chooses a file in the input that an expression gives."""
        element = self._wait(self._page.evaluate_handle(place)).as_element()
        assert element is not None, place
        self._wait(element.set_input_files(file))

    def type(self, place: str, text: str) -> None:
        """Replaces the text of the field that an expression gives, which may stand in a closed part."""
        change = f"each.value = {text!r}; each.dispatchEvent(new Event('input', {{bubbles: true}}))"
        self.run(f"(each => {{ {change} }})({place})")

    def press(self, key: str) -> None:
        """Presses a key."""
        self._wait(self._page.keyboard.press(key))

    def drag(self, x: float, y: float, down: float) -> None:
        """Presses the mouse at a point, in CSS pixels, moves it down so far, and releases it."""
        mouse = self._page.mouse
        for step in (mouse.move(x, y), mouse.down(), mouse.move(x, y + down), mouse.up()):
            self._wait(step)

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Resizes the window, in CSS pixels; a phone's reads the page's viewport."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self._wait(self._protocol.send("Emulation.setDeviceMetricsOverride", size))

    def scheme(self, name: str) -> None:
        """Prefers `dark` or `light`."""
        self._wait(self._page.emulate_media(color_scheme="dark" if name == "dark" else "light"))

    def picture(self, file: Path) -> None:
        """Writes what the page shows as a PNG."""
        self._wait(self._page.screenshot(path=file, full_page=True))

    def tree(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader reads."""
        self._wait(self._protocol.send("Accessibility.enable"))
        nodes = self._wait(self._protocol.send("Accessibility.getFullAXTree"))["nodes"]
        seen = [node for node in nodes if not node["ignored"]]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in seen]

    def logged_errors(self) -> list[str]:
        """What the browser refused and the exceptions of the page's own code."""
        self.run("0")
        return self._errors


async def _opened(context: BrowserContext, loop: Loop) -> Page:
    """A new page; whatever talks to the browser, subscriptions too, does so on the loop."""
    page = await context.new_page()
    return Page(page, await context.new_cdp_session(page), loop)


class Browser:
    """A running browser."""

    def __init__(self, chromium: Chromium, loop: Loop) -> None:
        self._chromium = chromium
        self._loop = loop

    @contextlib.contextmanager
    def page(self) -> Iterator[Page]:
        """A new page, which shares nothing with the others; open, it would go on asking its emulator."""
        context = self._loop.wait(self._chromium.new_context())
        try:
            yield self._loop.wait(_opened(context, self._loop))
        finally:
            self._loop.wait(context.close())


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """A browser for as long as the block runs."""
    loop = Loop()
    with loop.running():
        driver = async_playwright()
        playwright = loop.wait(driver.__aenter__())
        try:
            launching = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            chromium = loop.wait(launching)
            try:
                yield Browser(chromium, loop)
            finally:
                loop.wait(chromium.close())
        finally:
            loop.wait(driver.__aexit__())
