# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real browser: it shows a page at some width, and tells what it measured and what it complained about."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--enable-logging=stderr", "--virtual-time-budget=4000"),
)
MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
OUTSIDE = """<!DOCTYPE html><meta charset="utf-8"><pre id="told"></pre><script>
addEventListener('message', event => document.getElementById('told').textContent = JSON.stringify(event.data));
</script><iframe src="page.html" style="border:0;width:{width}px;height:900px"></iframe>"""


@dataclass
class Browser:
    """A browser, and a folder for what it is to show."""

    program: str
    folder: Path

    def show(self, page: str, width: int, dark: bool = False) -> dict:
        """What the page measures at a width, folded and with all details open."""
        # The page's own policy stays in force but for this one script; its breaches are counted.
        nonce = "'nonce-test'"
        page = page.replace(
            "default-src &#x27;none&#x27;", f"default-src &#x27;none&#x27;; script-src {html.escape(nonce)}"
        )
        assert html.escape(nonce) in page
        page = page.replace("<title>", f'<script nonce="test">{MEASURE}</script><title>', 1)
        (self.folder / "page.html").write_text(page, encoding="utf-8")
        # A window has at least 500 pixels; a frame in it may be as narrow as a phone.
        (self.folder / "frame.html").write_text(OUTSIDE.replace("{width}", str(width)))
        said, errors = self._run("--dump-dom", "frame.html", width + 40, dark)
        told = re.search(r'<pre id="told">(.+?)</pre>', said)
        assert told, said[:2000] + errors[-2000:]
        complaints = [line for line in errors.splitlines() if "CONSOLE" in line]
        return {**json.loads(html.unescape(told[1])), "complaints": complaints}

    def print(self, page: str) -> bytes:
        """The page as PDF."""
        (self.folder / "page.html").write_text(page, encoding="utf-8")
        self._run(f"--print-to-pdf={self.folder / 'page.pdf'}", "page.html", 1280, False)
        return (self.folder / "page.pdf").read_bytes()

    def _run(self, what: str, name: str, width: int, dark: bool) -> tuple[str, str]:
        profile = self.folder / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        more = [f"--user-data-dir={profile}", f"--window-size={max(width, 600)},900"]
        more += ["--blink-settings=preferredColorScheme=0"] if dark else []
        argv = [self.program, *FLAGS, *more, what, (self.folder / name).as_uri()]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout, done.stderr


@pytest.fixture
def browser(tmp_path) -> Browser:
    """The browser of this machine."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if not program:
        pytest.fail("NO BROWSER: none of " + ", ".join(NAMES) + " is in PATH; on Debian: apt-get install chromium")
    return Browser(program, tmp_path)
