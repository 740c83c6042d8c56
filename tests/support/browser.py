"""A real browser without a window: Chromium, spoken to over a pipe in its own protocol (DevTools)."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "Chromium is not installed: apt-get install chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 120.0
"""Seconds that an answer may take on a machine that does other work."""

KEYS = {"Tab": 9, "Enter": 13, "ArrowDown": 40, "End": 35, "Home": 36}

Message = dict[str, Any]


class Browser:
    """One tab. `events` are what the browser told in between, in order."""

    def __init__(self, into: int, out: int) -> None:
        self.into, self.out = into, out
        self.buffer = b""
        self.number = 0
        self.events: list[Message] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session: str | None = None
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **asked: Any) -> Message:
        """Send a command and wait for its answer."""
        self.number += 1
        message: Message = {"id": self.number, "method": method, "params": asked}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        os.write(self.into, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self.number:
                assert "error" not in told, f"{method}: {told['error']}"
                return told["result"]
            self.events.append(told)

    def open(self, path: Path, width: int = 1100, height: int = 900, scheme: str = "light") -> None:
        """Load a file, in a window of this size and with this colour scheme."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.ask("Page.navigate", url=path.resolve().as_uri())
        while not any(one.get("method") == "Page.loadEventFired" for one in self.events):
            self.events.append(self._next())

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are waited for."""
        made = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in made, made["exceptionDetails"]
        return made["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        text = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        code = {"windowsVirtualKeyCode": KEYS[key]} if key in KEYS else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, **code, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def choose(self, name: str, value: str) -> None:
        """Choose in a list, as a user does."""
        self.run(f"(e => {{e.value = {json.dumps(value)}; e.dispatchEvent(new Event('change', {{bubbles: true}}))}})"
                 f"(document.getElementById({json.dumps(name)}))")  # fmt: skip

    def screenshot(self, path: Path) -> None:
        """What can be seen, as a PNG file."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def roles(self) -> list[tuple[str, str]]:
        """What a screen reader is told: role and name of everything that is not ignored."""
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")
        ]

    def complaints(self) -> list[str]:
        """What the browser reported as errors since the page was opened, and all it asked the network for."""
        found = []
        for event in self.events:
            told = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(told["exceptionDetails"]))
            if event.get("method") == "Log.entryAdded":
                found.append(told["entry"]["text"])
            if event.get("method") == "Network.requestWillBeSent":
                address = told["request"]["url"]
                if not address.startswith(("data:", "file:")):
                    found.append(address)
        return found

    def _next(self) -> Message:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.out], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            read = os.read(self.out, 1 << 20)
            assert read, "the browser has ended"
            self.buffer += read
        line, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(line)


@contextmanager
def started(folder: Path) -> Iterator[Browser]:
    """A browser of its own, with nothing remembered, that ends with the block."""
    assert CHROMIUM is not None, MISSING
    (to_read, into), (out, to_write) = os.pipe(), os.pipe()
    line = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
    process = subprocess.Popen(
        ["bash", "-c", line, CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for end in (to_read, to_write):
        os.close(end)
    try:
        browser = Browser(into, out)
        yield browser
        browser.session = None
        browser.ask("Browser.close")
    finally:
        os.close(into)
        os.close(out)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
