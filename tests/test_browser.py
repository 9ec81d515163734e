"""The documented page in a real browser: ask, open a citation, render, see the image."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from ingest.documents import read_documents
from tests.browsing import (
    CHROMIUM,
    DESKTOP,
    MAIN,
    PHONE,
    ROOT,
    ask_the_seed_question,
    chromium,
    open_page,
    render,
    served,
    settle,
)
from tools.models import EMBEDDED_FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.timeout(900),
]
RENDERED = 'img[alt^="Rendered image"]'
patient = pytest.mark.patient  # can still lose a race with the page; run by hand with -m patient


@pytest.fixture(scope="module")
def image_model(tmp_path_factory):
    """The embedded model; where its weights are missing, a tiny random one that renders just as well."""
    if (EMBEDDED_FOLDER / "SHA256SUMS").is_file():
        return "embedded"
    from tests.tiny import tiny_folder

    return str(tiny_folder(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def home(seed_home, tmp_path_factory):
    return shutil.copytree(seed_home, tmp_path_factory.mktemp("browser") / "home")


@pytest.fixture(scope="module")
def address(home, image_model):
    with served(home, home.parent / "page.log", UNDERTONE_IMAGE_MODEL=image_model) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def keep(page, name):
    """Screenshots for whoever wants to look: UNDERTONE_SCREENSHOTS=<folder>."""
    if folder := os.environ.get("UNDERTONE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_ask_open_a_citation_render_and_see_the_image(browser, address):
    page = open_page(browser, address, DESKTOP)
    keep(page, "desktop-empty")
    ask_the_seed_question(page)
    keep(page, "desktop-answer")
    assert re.search(r"\?c=\w+", page.url)
    for heading in ("Task", "Workflow", "Under the hood", "Papers and tools", "What the corpus does not say"):
        assert page.get_by_role("heading", name=heading, exact=True).count() == 1
    assert page.locator(f'{MAIN} [data-testid="stGraphVizChart"] svg').count() == 1

    open_a_citation_by_keyboard(page)
    no_foreign_links(page)

    render(page)
    keep(page, "desktop-render")
    image = page.locator(RENDERED).last
    assert "photographic style" in image.get_attribute("alt")
    assert image.evaluate("image => image.naturalWidth") >= 64
    with page.expect_download() as download:
        page.get_by_role("button", name="Image", exact=True).click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")

    page.reload()
    page.locator(RENDERED).first.wait_for()
    assert page.locator(RENDERED).count() == 1
    page.close()


def open_a_citation_by_keyboard(page):
    chip = page.locator(f'{MAIN} [class*="st-key-chip-"] button').first
    chip.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    settle(page)
    keep(page, "desktop-passage")
    marked = dialog.locator("span.stMarkdownColoredBackground")
    texts = [document.text for document in read_documents([ROOT / "corpus"])]
    assert any(" ".join(marked.first.inner_text().split()) in text.replace("\\ours", "ours") for text in texts)
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def no_foreign_links(page):
    known = " ".join(document.text for document in read_documents([ROOT / "corpus"]))
    links = page.locator("a[href^=http]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert links
    assert [link for link in links if link not in known] == []
    images = page.locator("img").evaluate_all("images => images.map(image => image.src)")
    assert [image for image in images if not image.startswith((page.url.split("?")[0], "data:"))] == []


@patient
def test_a_click_during_a_render_and_a_reload_lose_nothing(browser, address):
    page = open_page(browser, address, DESKTOP)
    ask_the_seed_question(page)
    page.get_by_role("spinbutton", name="Steps").fill("60")
    page.get_by_role("spinbutton", name="Steps").press("Enter")
    settle(page)
    page.get_by_role("button", name="Render", exact=True).click()
    page.get_by_role("button", name="Cancel").wait_for()
    keep(page, "desktop-progress")
    page.reload()
    page.locator(RENDERED).or_(page.get_by_role("button", name="Cancel")).first.wait_for()
    page.locator(RENDERED).first.wait_for()
    page.get_by_text("60", exact=False).first.wait_for()
    page.close()


@patient
def test_a_question_cannot_draw_an_image_or_a_link(browser, address):
    page = open_page(browser, address, DESKTOP)
    box = page.locator('[data-testid="stChatInputTextArea"]')
    box.fill("![x](http://evil.example/p.png) [FedStyle](https://evil.example) <img src=http://evil.example/q.png>")
    box.press("Enter")
    page.locator('[data-testid="stChatMessage"]').nth(1).wait_for()
    settle(page)
    assert page.locator('a[href*="evil"], img[src*="evil"]').count() == 0
    assert "evil.example" in page.locator('[data-testid="stChatMessage"]').first.inner_text().replace("\u2060", "")
    page.close()


@patient
def test_a_conversation_is_renamed_downloaded_and_deleted(browser, address):
    page = open_page(browser, address, DESKTOP)
    box = page.locator('[data-testid="stChatInputTextArea"]')
    box.fill("How does FedStyle work?")
    box.press("Enter")
    sidebar = page.locator('[data-testid="stSidebar"]')
    sidebar.get_by_role("button", name="How does FedStyle work?").wait_for()
    settle(page)

    def open_actions():
        sidebar.locator('button:has-text("more_horiz")').click()
        page.get_by_role("dialog").wait_for()

    open_actions()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download with sources").click()
    assert "http://arxiv.org/pdf/2404.16336v1.pdf" in download.value.path().read_text("utf-8")
    name = page.get_by_role("dialog").get_by_label("Name")
    name.fill("Artists and their styles")
    name.press("Enter")
    settle(page)
    page.get_by_role("button", name="Rename", exact=True).click()
    sidebar.get_by_role("button", name="Artists and their styles").wait_for()
    settle(page)
    open_actions()
    page.get_by_role("button", name="Delete for good").click()
    sidebar.get_by_role("button", name="Artists and their styles").wait_for(state="detached")
    page.get_by_text("Try one of these").wait_for()
    page.close()


@patient
def test_the_page_fits_a_phone(browser, address):
    page = open_page(browser, address, PHONE)
    keep(page, "phone-empty")
    ask_the_seed_question(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    boxes = page.locator(f"{MAIN} button:visible").evaluate_all(
        "buttons => buttons.map(button => button.getBoundingClientRect()).map(box => [box.left, box.right])"
    )
    assert all(left >= 0 and right <= PHONE["width"] + 1 for left, right in boxes)
    keep(page, "phone-card")
    page.locator(f'{MAIN} [class*="st-key-chip-"] button').first.scroll_into_view_if_needed()
    page.wait_for_timeout(600)
    keep(page, "phone-answer")
    page.locator(f'{MAIN} [class*="st-key-chip-"] button').first.click()
    page.get_by_role("dialog").wait_for()
    settle(page)
    keep(page, "phone-passage")
    page.close()
