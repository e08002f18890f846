"""docs/deploy.md from an empty machine to an accepted capture, and the files of deploy/."""

import json
import re
from pathlib import Path

import pytest
from deployment import Followed, blocks, followed, installed
from machine import ADDRESS, NAME
from page_browser import chromium, launch, pages
from page_media import fake_camera, fake_microphone
from page_talk import ready
from page_way import at, go_on
from playwright.sync_api import Playwright, expect
from relay_page import PAIR, RELAY_ONLY

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]  # the first time it installs Debian's and pip's packages

SUITE = "bookworm"
LINK = re.compile(r"https://\S+/#token=\S+")


def browser_of(deployed: Followed, path: Path) -> Path:
    """Write a program that runs Chromium in the machine's network, where its name is known."""
    enter = f"nsenter --target={deployed.running.pid} --net"
    path.write_text(f'#!/bin/sh\nexec {enter} {chromium()} --host-resolver-rules="MAP {NAME} {ADDRESS}" "$@"\n')
    path.chmod(0o755)
    return path


def test_the_systemd_way_to_the_letter(
    playwright: Playwright, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages, install, *rest = blocks("## With systemd", "## With Compose")
    health, key, session, accepted = rest[-4:]
    image = installed(SUITE, packages, install)
    with followed(image, rest[:-4], tmp_path / "machine") as deployed:
        verified = deployed.running.run("systemd-analyze", "verify", "take5.service")
        assert "take5.service" not in verified
        deployed.running.run("systemd-analyze", "security", "--offline=yes", "--threshold=20", "take5.service")
        assert json.loads(deployed.again(health).strip().splitlines()[-1])["live"] == 0
        deployed.again(key)
        link = LINK.search(deployed.again(session))
        assert link is not None
        assert link[0].startswith(f"https://{NAME}/")

        monkeypatch.setenv("TAKE5_CHROMIUM", str(browser_of(deployed, tmp_path / "chromium")))
        camera, microphone = fake_camera(short, tmp_path / "camera.y4m"), fake_microphone(short, tmp_path / "voice.wav")
        browser = launch(playwright, camera=camera, microphone=microphone)
        with pages(browser) as open_page:
            page = open_page(link[0], RELAY_ONLY, ignore_https_errors=True)
            go_on(page)
            ready(page)
            page.locator("#start").click()
            expect(page.locator("#best")).to_contain_text("Best so far")
            pair = page.evaluate(PAIR)
            assert pair["local"]["candidateType"] == "relay"
            page.locator("#stop").click()
            at(page, "review", focused=False)
            page.get_by_role("button", name="Use this").click()
            at(page, "done")
        browser.close()
        assert "accepted" in deployed.again(accepted)
        (clip,) = (tmp_path / "machine" / "upper" / "var" / "lib" / "take5" / "out").glob("*/clip.mp4")
        assert clip.stat().st_size > 10_000
