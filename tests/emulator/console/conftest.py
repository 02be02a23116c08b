"""A page of a real browser on the console of an emulator that really serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.console.asking import choose_version
from tests.emulator.console.browser import CHROMIUM, Browser, Page, browsing
from tests.prediction.conftest import deployment, prediction_models
from tests.prediction.deployment import Deployment

__all__ = ["deployment", "prediction_models"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a worker."""
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    with browsing() as found:
        yield found


@pytest.fixture
def page(browser: Browser, deployment: Deployment) -> Iterator[Page]:
    """The console, with a version chosen whose artifact has samples."""
    with browser.page() as found:
        found.size(1280, 900)
        found.open(f"{deployment.emulator.endpoint}/console")
        name = f"projects/{deployment.project}/models/clothes/versions/v1"
        choose_version(found, name)
        found.until("document.querySelector('canvas') !== null")
        found.until("document.getElementById('sample').options.length === 4")
        yield found
