"""`./simpul test`: whatever the tests need, then all of them."""

import os
import platform
import shutil
import subprocess
import sys

from launch.var import REPO
from launch.voice import Refused, say

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def run(arguments: list[str]) -> int:
    """Run pytest with `arguments`; without any, all tests, then the journeys in a browser.

    The tests find the browser in SIMPUL_CHROMIUM.
    """
    chromium = browser()
    front()
    say(f"Chromium: {chromium}", "the browser of the tests")
    surroundings = {**os.environ, "SIMPUL_CHROMIUM": chromium}
    rooms = ["-n", "2", "tests", "--ignore=tests/journeys", "--ignore=tests/load"]
    for words in [arguments] if arguments else [rooms, ["tests/journeys"]]:
        command = [sys.executable, "-m", "pytest", *words]
        if code := subprocess.run(command, cwd=REPO, env=surroundings).returncode:
            return code
    return 0


def browser() -> str:
    """The path of a Chromium that runs, installed if there is none."""
    for name in (os.environ.get("SIMPUL_CHROMIUM"), *NAMES):
        if name and (path := shutil.which(name)) and _runs(path):
            return path
    say("Memasang Chromium untuk uji", "Installing Chromium for the tests")
    if os.geteuid() == 0 and platform.freedesktop_os_release().get("ID") == "debian":
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], env=quiet
        )
        if (path := shutil.which("chromium")) and _runs(path):
            return path
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    asked = subprocess.run([sys.executable, "-c", PLAYWRIGHTS_OWN], capture_output=True, text=True)
    if (path := asked.stdout.strip()) and _runs(path):
        return path
    raise Refused(
        "Chromium belum ada. Pasang dulu, atau atur SIMPUL_CHROMIUM.",
        "There is no Chromium. Install it, or set SIMPUL_CHROMIUM.",
    )


def front() -> str:
    """The path of nginx, installed if there is none; the tests run it before both doors."""
    where = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    if path := shutil.which("nginx", path=where):
        return path
    say("Memasang nginx untuk uji", "Installing nginx for the tests")
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet)
        words = ["install", "-y", "-qq", "--no-install-recommends", "nginx-light"]
        subprocess.run(["apt-get", *words], env=quiet)
        if path := shutil.which("nginx", path=where):
            return path
    raise Refused(
        "nginx belum ada. Pasang dulu: apt install nginx-light.",
        "There is no nginx. Install it first: apt install nginx-light.",
    )


def _runs(path: str) -> bool:
    try:
        return not subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False
