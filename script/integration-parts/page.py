#!/usr/bin/python3
"""The page in a real browser."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "page"))

from browser import Browser, Wrong  # noqa: E402
from ground import ROOT, Ground  # noqa: E402
import steps  # noqa: E402

DESCRIPTION = """\
Opens the page of a gateway of its own in Debian's Chromium and uses it: signs in, looks at the regions, searches the log,
follows it, checks a proof and a receipt with `domicile audit verify`, explains, kills a session. Executors send SQL, names and
subjects that are markup (F-OPS-10), another origin sends forms (F-OPS-08), another name is asked for (F-OPS-09). Afterwards the
log must hold a record of each reading. Where Chromium is missing, script/setup --page installs it.

--shots FOLDER keeps pictures of the views, light and dark.
"""


def insist_on_packages():
    if shutil.which("chromium") and subprocess.run(
            ["/usr/bin/python3", "-c", "import websocket"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
        return
    if os.geteuid() or subprocess.run([ROOT / "script/setup", "--page"], check=False).returncode:
        sys.exit("page: there is no Chromium: script/setup --page installs it")


def main():
    parser = argparse.ArgumentParser(prog="script/integration page", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", metavar="FOLDER", help="where pictures go")
    options = parser.parse_args()
    insist_on_packages()
    begun = time.monotonic()
    ground = Ground()
    browser = None
    run = steps.Run(ground, options.shots)
    try:
        ground.open()
        browser = Browser(shutil.which("chromium"))
        run.all(browser)
    except Wrong as problem:
        run.check("the page could be used to the end", False, str(problem))
    finally:
        if browser:
            browser.close()
        ground.close()
    print(f"page: {run.done} checks, {run.failed} failed, {time.monotonic() - begun:.0f} s")
    sys.exit(1 if run.failed else 0)


if __name__ == "__main__":
    main()
