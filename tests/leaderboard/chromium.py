"""A real browser without a window, driven through ChromeDriver's WebDriver protocol (W3C), which is HTTP and JSON."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PATIENCE = 60.0  # seconds for one answer
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how the protocol calls a reference to an element
PORT = re.compile(r"started successfully on port (\d+)")


def missing() -> str | None:
    """What is not installed here, in words."""
    without = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(without)} not installed here" if without else None


@dataclass(frozen=True)
class Browser:
    """session: the address of one."""

    session: str

    def open(self, page: Path) -> None:
        self._post("url", {"url": page.resolve().as_uri()})

    def run(self, script: str, *arguments: object) -> Any:
        """What the body of a function of JavaScript returns."""
        return self._post("execute/sync", {"script": script, "args": [*arguments]})

    def click(self, selector: str) -> None:
        self._post(f"{self._element(selector)}/click", {})

    def type(self, selector: str, keys: str) -> None:
        self._post(f"{self._element(selector)}/value", {"text": keys})

    def resize(self, width: int, height: int) -> None:
        """The page itself, as a device of that size has it."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", **metrics)

    def devtools(self, command: str, **parameters: object) -> Any:
        return self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def picture(self) -> bytes:
        """PNG of what is seen."""
        return base64.b64decode(self._get("screenshot"))

    def complaints(self) -> list[str]:
        """What came to the console since it was last asked for."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self, page: Path) -> list[str]:
        """The addresses that a page has asked for since then, its own among them."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [one["params"] for one in events if one["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in sent if one["documentURL"] == page.resolve().as_uri()]

    def _element(self, selector: str) -> str:
        found = self._post("element", {"using": "css selector", "value": selector})
        return f"element/{found[ELEMENT]}"

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._post("se/log", {"type": kind})
        return entries

    def _get(self, path: str) -> Any:
        return _answer(Request(f"{self.session}/{path}"))

    def _post(self, path: str, words: object) -> Any:
        return _answer(Request(f"{self.session}/{path}", json.dumps(words).encode()))


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """folder: an empty one for the browser's profile."""
    driver = shutil.which("chromedriver")
    assert driver is not None
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += [f"--user-data-dir={folder}", "--disable-dev-shm-usage", "about:blank"]
    wanted = {
        "browserName": "chrome",
        "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": flags},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }
    process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        port = next(found[1] for line in process.stdout if (found := PORT.search(line)))
        address = f"http://127.0.0.1:{port}/session"
        asked = json.dumps({"capabilities": {"alwaysMatch": wanted}}).encode()
        session = f"{address}/{_answer(Request(address, asked))['sessionId']}"
        try:
            yield Browser(session)
        finally:
            _answer(Request(session, method="DELETE"))
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _answer(request: Request) -> Any:
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]
    except HTTPError as error:
        raise AssertionError(json.load(error)["value"]["message"]) from error
