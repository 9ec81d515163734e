"""The alignment in a real browser: a claim offers it, a click runs it, own pictures find their nearest."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.browsing import CHROMIUM, DESKTOP, MAIN, SAID, ask, chromium, open_page, served, settle
from tools.style_search.hands import draw_scenes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.timeout(1500),
]
RUN_S = 900
"""24 artists draw, train and are measured; two busy cores take minutes."""


def keep(page, name):
    """Screenshots for whoever wants to look: UNDERTONE_SCREENSHOTS=<folder>."""
    if folder := os.environ.get("UNDERTONE_SCREENSHOTS"):
        settle(page)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_claim_offers_the_run_and_a_click_starts_and_stops_it(seed_home, tmp_path):
    home = shutil.copytree(seed_home, tmp_path / "home")
    with served(home, tmp_path / "page.log") as address, chromium() as browser:
        page = open_page(browser, address, DESKTOP)
        ask(page, "How does FedStyle find artistic styles without exposing artworks?")
        page.get_by_role("button", name="See it happen").first.click()
        page.get_by_role("button", name="Run", exact=True).last.wait_for()
        settle(page)
        page.get_by_role("button", name="Run", exact=True).last.click()
        page.get_by_role("button", name="Cancel").wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("Cancelled. Nothing was kept.").wait_for()


@pytest.mark.skipif(not os.environ.get("UNDERTONE_LONG"), reason="takes minutes: set UNDERTONE_LONG to run it")
def test_ask_see_it_happen_and_find_the_nearest_to_three_pictures(seed_home, tmp_path):
    home = shutil.copytree(seed_home, tmp_path / "home")
    plain = draw_scenes(500, 3)
    for number in range(3):
        Image.fromarray(plain[number, number]).save(tmp_path / f"mine-{number}.png")
    with served(home, tmp_path / "page.log") as address, chromium() as browser:
        page = open_page(browser, address, DESKTOP)
        ask(page, "How does FedStyle find artistic styles without exposing artworks?")
        settle(page)
        keep(page, "federation-answer")
        page.get_by_role("button", name="See it happen").first.click()
        page.get_by_role("button", name="Run", exact=True).last.wait_for()
        settle(page)
        page.get_by_role("button", name="Run", exact=True).last.click()
        page.locator(SAID).filter(has_text="once styles are aligned").last.wait_for(timeout=1000 * RUN_S)
        settle(page)
        told = page.locator(MAIN).inner_text()
        now, before = map(
            int, re.search(r"(\d+)\s?% of pictures once styles are aligned, after (\d+)\s?%", told).groups()
        )
        assert now > before
        page.get_by_text("The map of styles, and what left each artist").click()
        page.get_by_text("21,392").or_(page.get_by_text("directions")).first.wait_for()
        keep(page, "federation-run")
        page.get_by_text("Add my pictures").click()
        page.locator('input[type="file"]').last.set_input_files([tmp_path / f"mine-{n}.png" for n in range(3)])
        page.get_by_text("Nearest to your picture 3").wait_for()
        assert page.locator('img[alt^="Rank 1, by drawn artist"]').count() == 3
        settle(page)  # the toggle is drawn last, and what still moves may lose a click
        page.get_by_text("Show exactly what would leave").click()
        page.get_by_text("3 works are too few").wait_for()
        keep(page, "federation-own")
