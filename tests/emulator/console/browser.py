"""A headless Chromium, spoken to by its DevTools protocol over two pipes: no port, and no package is needed."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.emulator.ml.caller import until
from tests.running import BOUND

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowRight": 39, "ArrowDown": 40, "Delete": 46}


class Browser:
    """A running browser."""

    def __init__(self, process: subprocess.Popen[bytes], reading: int, writing: int) -> None:
        self._process, self._writing = process, writing
        self._reading = os.fdopen(reading, "rb", closefd=False)
        self._numbers = itertools.count(1)
        self._rest = b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """What a method of the protocol answers; events that come meanwhile are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") != number:
                self.events.append(found)
                continue
            if "error" in found:
                raise AssertionError(f"{method}: {found['error']['message']}")
            answer: dict[str, Any] = found["result"]
            return answer

    @contextlib.contextmanager
    def page(self) -> Iterator[Page]:
        """A new page, which shares nothing with the others; open, it would go on asking its emulator for ever."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        try:
            yield Page(self, session)
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=context)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            came = self._reading.read1(1 << 20)
            if not came:
                raise AssertionError(f"the browser has ended: {self._process.poll()}")
            self._rest += came
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


class Page:
    """One page."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """What a method of the protocol answers for this page."""
        return self._browser.call(method, self._session, **params)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise's, once it is there."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"].get("exception", {}).get("description", found))
        return found["result"].get("value")

    def open(self, url: str) -> None:
        """Goes to an address."""
        self.call("Page.navigate", url=url)
        self.until(f"location.href.startsWith({url!r}) && document.readyState === 'complete'")

    def until(self, script: str) -> Any:
        """What an expression gives as soon as it is true."""
        return until(lambda: self.run(script), script)

    def choose(self, place: str, value: str) -> None:
        """Chooses an option of a list by its value."""
        change = f"each.value = {value!r}; each.dispatchEvent(new Event('change'))"
        self.run(f"(each => {{ {change} }})(document.getElementById({place!r}))")

    def give(self, place: str, file: Path) -> None:
        """Chooses a file in the input that an expression gives."""
        found = self.call("Runtime.evaluate", expression=place)["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=[str(file)], objectId=found)

    def type(self, place: str, text: str) -> None:
        """Replaces the text of the field that an expression gives, as somebody who types does."""
        change = f"each.value = {text!r}; each.dispatchEvent(new Event('input', {{bubbles: true}}))"
        self.run(f"(each => {{ {change} }})({place})")

    def press(self, key: str) -> None:
        """Presses a key."""
        text = {"text": key} if key == " " else {"text": "\r"} if key == "Enter" else {}
        code = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", **code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Makes the window so large, in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def scheme(self, name: str) -> None:
        """Prefers `dark` or `light`."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def picture(self, file: Path) -> None:
        """Writes what the window shows as a PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def tree(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader is told."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        seen = [node for node in nodes if not node["ignored"]]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in seen]

    def complaints(self) -> list[str]:
        """What the browser refused and what the page's own code failed at, of this page."""
        self.run("0")
        mine = [event for event in self._browser.events if event.get("sessionId") == self._session]
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(event["params"]) for event in mine if event["method"] in kinds]


@contextlib.contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A browser with its profile in `folder`, for as long as the block runs."""
    assert CHROMIUM
    to_browser, from_browser = os.pipe(), os.pipe()
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"]
    command = [CHROMIUM, *options, f"--user-data-dir={folder}", "about:blank"]
    # The protocol's pipes are descriptors 3 and 4 of the browser.
    script = f'exec "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", *command],
        pass_fds=(to_browser[0], from_browser[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    browser = Browser(process, from_browser[0], to_browser[1])
    try:
        yield browser
    finally:
        with contextlib.suppress(AssertionError, OSError):  # it ends before it answers
            browser.call("Browser.close")
        process.wait(timeout=BOUND)
        browser._reading.close()
        os.close(from_browser[0])
        os.close(to_browser[1])
