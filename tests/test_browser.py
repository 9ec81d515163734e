"""The documented page in a real browser: ask, open a citation, render, see the image; and click without waiting."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from ingest.documents import read_documents
from tests.browsing import (
    CHROMIUM,
    DESKTOP,
    MAIN,
    PHONE,
    QUESTION,
    RENDERED,
    ROOT,
    SAID,
    SCROLLER,
    ask,
    ask_the_seed_question,
    choose,
    chromium,
    open_page,
    render,
    served,
    settle,
    slow_down,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.timeout(600),
]
MARK = f"{MAIN} button.citation"
SENTENCE = "span.sentence"  # in a component, which the text of what it stands in does not include
DIALOG = '[role="dialog"]'


@pytest.fixture(scope="module")
def image_model(tmp_path_factory):
    """A tiny random model, which renders sooner and shows the same things; the embedded one for whoever looks."""
    if os.environ.get("UNDERTONE_SCREENSHOTS"):
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


@pytest.fixture
def page(browser, address):
    page = open_page(browser, address, DESKTOP)
    yield page
    page.close()


def keep(page, name):
    """Screenshots for whoever wants to look: UNDERTONE_SCREENSHOTS=<folder>."""
    if folder := os.environ.get("UNDERTONE_SCREENSHOTS"):
        settle(page)
        page.screenshot(path=Path(folder) / f"{name}.png")


def jobs_of(home, page):
    """The render jobs of the conversation that the page shows."""
    conversation = re.search(r"\?c=(\w+)", page.url)[1]
    jobs = [json.loads(file.read_text("utf-8")) for file in home.glob("renders/*/job.json")]
    return [job for job in jobs if job["conversation_id"] == conversation]


def test_ask_open_a_citation_render_and_see_the_image(page):
    keep(page, "desktop-empty")
    ask_the_seed_question(page)
    keep(page, "desktop-answer")
    assert re.search(r"\?c=\w+", page.url)
    for heading in (
        "In short",
        "Task",
        "Workflow",
        "Under the hood",
        "Papers and tools",
        "What the corpus does not say",
    ):
        assert page.get_by_role("heading", name=heading, exact=True).count() == 1
    assert page.locator(f"{MAIN} li.stage").count() == 3

    open_a_citation_by_keyboard(page)
    no_foreign_links(page)

    render(page)
    keep(page, "desktop-render")
    image = page.locator(RENDERED)
    assert "photographic style" in image.get_attribute("alt")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 64
    step_through(page)
    page.get_by_text("Under the hood: what was measured in this run").click()
    page.get_by_role("tab", name="Record").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Image", exact=True).click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")

    page.reload()
    page.locator(RENDERED).wait_for()
    settle(page)
    assert page.locator(RENDERED).count() == 1


def step_through(page):
    """The steps by keyboard, and a phrase's heat map over each picture."""
    slider = page.get_by_role("slider", name="Denoising step")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert re.fullmatch(r"step (\d+) of \d+", slider.get_attribute("aria-valuetext"))
    assert page.locator("img.heat").count() == 0
    page.get_by_role("radio", name="photographic style").check()
    assert page.locator("img.heat").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page.get_by_role("button", name="Play the steps").click()
    page.get_by_text(re.compile(r"^step (\d+) of \1$")).wait_for()


def open_a_citation_by_keyboard(page):
    mark = page.locator(MARK).first
    page.locator(QUESTION).focus()
    mark.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    told = page.get_by_role("tooltip")
    told.wait_for()
    mark.evaluate("mark => mark.scrollIntoView({block: 'end'})")  # the passage goes along
    page.wait_for_timeout(300)
    assert told.locator("mark").first.inner_text() in mark.locator("xpath=../..").inner_text()
    page.keyboard.press("Escape")
    told.wait_for(state="hidden")
    page.keyboard.press("Enter")
    marked = page.locator(f"{DIALOG} span.stMarkdownColoredBackground").first
    marked.wait_for()
    keep(page, "desktop-passage")
    texts = [document.text for document in read_documents([ROOT / "corpus"])]
    assert any(" ".join(marked.inner_text().split()) in text.replace("\\ours", "ours") for text in texts)
    close_the_dialog(page)


def close_the_dialog(page):
    page.wait_for_function("document.querySelector('[role=dialog]')?.contains(document.activeElement)")
    page.keyboard.press("Escape")
    page.locator(DIALOG).wait_for(state="detached")


def no_foreign_links(page):
    known = " ".join(document.text for document in read_documents([ROOT / "corpus"]))
    links = page.locator("a[href^=http]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert links
    assert [link for link in links if link not in known] == []
    images = page.locator("img").evaluate_all("images => images.map(image => image.src)")
    assert [image for image in images if not image.startswith((page.url.split("?")[0], "data:"))] == []


def test_a_stage_of_the_workflow_is_run_from_its_box(page, home):
    ask_the_seed_question(page)
    prompt, model, picture = (page.locator("li.stage").nth(place) for place in range(3))
    prompt.get_by_role("button", name="Show its tokens").click()
    prompt.locator("button.done").wait_for()
    assert prompt.locator(".word").all_inner_texts()[-4:] == ["photographic", "style", "digital", "illustration"]
    model.get_by_role("button", name="Render it").click()
    picture.get_by_role("button", name="Sweep the weights").click()  # it waits for the render
    page.locator(RENDERED).wait_for()
    model.locator("button.done").wait_for()
    page.locator('img[alt^="Rendered: "]').first.wait_for()
    picture.locator("button.done").wait_for()
    assert model.locator("button.done").count() == 1, "the sweep of the same card makes no render old"
    assert sorted(job["tool"] for job in jobs_of(home, page)) == ["blend_styles", "run_experiment"]
    keep(page, "stages-done")
    page.get_by_role("spinbutton", name="Seed").fill("3")
    page.keyboard.press("Tab")
    model.locator("button.stale").wait_for()
    picture.locator("button.stale").wait_for()
    assert prompt.locator("button.done").count() == 1, "a seed is no part of the prompt"
    page.get_by_role("textbox", name="Subject").fill("a blue boat")
    page.keyboard.press("Tab")
    prompt.locator("button.stale").wait_for()


def test_each_stage_that_can_be_run_has_a_button(page):
    ask(page, "How does FedStyle work?")
    page.locator("li.stage button.run").nth(2).wait_for()
    assert page.locator("li.stage").count() == page.locator("li.stage button.run").count() == 3


def test_clicks_that_wait_for_nothing_lose_nothing(page, home):
    slow_down(page)
    page.locator(MAIN).get_by_role("button", name="photographic style").first.click()
    page.locator(MARK).first.click()  # while the answer is still being drawn
    page.locator(f"{DIALOG} span.stMarkdownColoredBackground").first.wait_for()
    close_the_dialog(page)

    page.get_by_role("spinbutton", name="Steps").fill("30")
    page.get_by_role("button", name="Render", exact=True).click()  # with what was typed a moment ago
    page.get_by_role("button", name="Cancel").wait_for()
    keep(page, "desktop-progress")
    page.locator(MARK).nth(1).click()
    marked = page.locator(f"{DIALOG} span.stMarkdownColoredBackground")
    marked.first.wait_for()
    page.locator(RENDERED).wait_for()
    assert marked.first.is_visible()  # the page was drawn anew with the image, and the passage stayed open
    close_the_dialog(page)
    assert [job["arguments"]["steps"] for job in jobs_of(home, page)] == [30]


def test_a_reload_and_a_question_during_a_render_lose_nothing(page, home):
    ask_the_seed_question(page)
    page.get_by_role("button", name="Render", exact=True).click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.reload()
    page.locator(QUESTION).wait_for()
    ask(page, "What is FedStyle?")
    page.locator(RENDERED).wait_for()
    settle(page)
    said = page.locator(SAID).all_inner_texts()
    assert [text.split("\n")[2] for text in said if "What is FedStyle?" in text] == ["What is FedStyle?"], said
    assert page.locator(RENDERED).count() == 1
    assert len(jobs_of(home, page)) == 1


def test_a_render_is_cancelled_or_declined_by_a_click(page, home):
    ask_the_seed_question(page)
    page.get_by_role("spinbutton", name="Steps").fill("150")
    page.get_by_role("button", name="Render", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled. Nothing was kept.").wait_for()
    page.get_by_role("button", name="Render again").wait_for()
    assert [job["status"] for job in jobs_of(home, page)] == ["cancelled"]

    ask(page, "Now 80 % digital illustration")
    page.get_by_role("button", name="No, thanks").last.click()
    page.get_by_text("Not run, as you wished").wait_for()


def test_questions_about_a_run_are_answered_from_what_was_measured(page):
    ask_the_seed_question(page)
    choose(page, "Method", "Composable")
    render(page)
    settle(page)  # what is said last is not there before
    keep(page, "run")
    for question, told, figure in (
        ("which style won in the early steps?", "first third of the steps", "Attention on each phrase, step by step"),
        (
            "which layers listened to 'illustration'?",
            "The layers that listened most to “digital illustration”",
            "Which layers listened to which phrase",
        ),
        ("did the weights change?", "SHA-256", "Three things are called weights"),
    ):
        ask(page, question)
        answer = page.locator(SAID).last
        answer.get_by_text("Measured in this run").wait_for()
        answer.locator(SENTENCE).first.wait_for()
        text = " ".join(answer.locator(SENTENCE).all_inner_texts()).replace('"', "“")
        assert re.sub("[“”]", "", told) in re.sub("[“”]", "", text)
        assert answer.get_by_role("button", name=f"Figure: {figure}").first.is_visible()
        assert answer.locator("button.citation").count() == 0, "a measurement cites no paper"
        keep(page, f"run-{question.split()[1]}")

    ask(page, "Now 80 % illustration")
    card = page.locator('[class*="st-key-card-"]').last
    card.get_by_text("20 % photographic style + 80 % digital illustration").wait_for()
    render(page)
    page.get_by_text("Against the run before").wait_for()
    page.locator(SENTENCE, has_text="80% now, 50% before").first.wait_for()
    keep(page, "run-compared")


def test_a_sweep_shows_the_strip_and_its_curves(page):
    ask_the_seed_question(page)
    page.get_by_role("spinbutton", name="Steps").fill("8")
    page.get_by_role("spinbutton", name="Sweep points").fill("5")
    page.get_by_role("button", name="Sweep", exact=True).click()
    swept = page.locator('img[alt^="Rendered: "]')
    swept.nth(4).wait_for()
    page.get_by_text("At which weight does one style turn into the other?").wait_for()
    page.get_by_text("What was found, and how").click()
    page.get_by_role("tab", name="Figures").click()
    page.get_by_text("Which style each picture is in").first.wait_for()
    page.reload()
    swept.nth(4).wait_for()
    keep(page, "sweep")
    assert swept.count() >= 5
    assert page.get_by_role("button", name="Render", exact=True).count() == 1


def see_the_swap(page):
    ask_the_seed_question(page)
    page.get_by_role("button", name="See it happen").first.click()
    page.get_by_text("What the reference shows").wait_for()


def show_the_swap(page):
    page.get_by_role("button", name="Render", exact=True).last.click()
    page.locator('img[alt="Compared: swap off"]').wait_for()
    page.get_by_text("Under the hood: what was measured in this run").last.click()
    page.get_by_role("tab", name="Layers").last.click()
    page.get_by_text("Which layers were swapped, and how far that moved them").first.wait_for()


def test_the_key_and_value_sentence_is_seen_to_happen_with_a_drawn_reference(page, home):
    see_the_swap(page)
    keep(page, "reference-card")
    show_the_swap(page)
    keep(page, "reference")
    (job,) = jobs_of(home, page)
    assert job["arguments"]["references"] == [{"prompt": "a blue boat, digital illustration"}]
    assert job["arguments"]["styles"] == [{"text": "photographic style", "weight": 1.0}]


def test_the_swap_takes_an_uploaded_picture_and_refuses_what_is_none(page, home, tmp_path):
    see_the_swap(page)
    page.get_by_text("Upload it", exact=True).click()
    page.get_by_role("button", name="Render", exact=True).last.click()
    page.get_by_text("No picture yet").wait_for()
    (tmp_path / "words.png").write_text("no picture")
    upload = page.locator('input[type="file"]').last
    upload.set_input_files(tmp_path / "words.png")
    page.get_by_text("the file is neither a PNG nor a JPEG picture").wait_for()
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "grey.jpg")
    page.locator('input[type="file"]').last.set_input_files(tmp_path / "grey.jpg")
    page.locator('img[alt="The uploaded reference"]').wait_for()
    keep(page, "reference-upload")
    show_the_swap(page)
    (job,) = jobs_of(home, page)
    (reference,) = job["arguments"]["references"]
    assert (home / "references" / f"{reference['image']}.png").is_file()


def test_a_question_cannot_draw_an_image_or_a_link(page):
    ask(page, "![x](http://evil.example/p.png) [FedStyle](https://evil.example) <img src=http://evil.example/q.png>")
    settle(page)
    assert page.locator('a[href*="evil"], img[src*="evil"]').count() == 0
    assert "evil.example" in page.locator(SAID).first.inner_text().replace("\u2060", "")


def test_a_conversation_is_renamed_downloaded_and_deleted(page):
    ask(page, "How does FedStyle work?")
    sidebar = page.locator('[data-testid="stSidebar"]')
    actions = sidebar.locator('button:has-text("more_horiz"):visible')
    actions.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download with sources").click()
    assert "http://arxiv.org/pdf/2404.16336v1.pdf" in download.value.path().read_text("utf-8")
    page.locator(DIALOG).get_by_label("Name").fill("Artists and their styles")
    page.get_by_role("button", name="Rename", exact=True).click()
    page.locator(DIALOG).wait_for(state="detached")
    kept = sidebar.get_by_role("button", name="Artists and their styles")
    kept.wait_for()
    actions.click()
    page.get_by_role("button", name="Delete for good").click()
    kept.wait_for(state="detached")
    page.get_by_text("Try one of these").wait_for()


def test_the_back_button_goes_back_to_the_conversation_before(page):
    ask(page, "What is FedStyle?")
    page.get_by_role("button", name="New conversation").click()
    page.get_by_text("Try one of these").wait_for()
    page.go_back()
    page.locator(SAID).filter(has_text="What is FedStyle?").wait_for()


def top_of(place):
    """How far below the window's upper edge it begins, in px."""
    return place.evaluate("place => Math.round(place.getBoundingClientRect().top)")


def test_what_arrives_comes_into_view_and_whoever_reads_elsewhere_stays_there(page):
    ask_the_seed_question(page)
    said, scrolled = page.locator(SAID), page.locator(SCROLLER)
    assert 0 <= top_of(said.nth(0)) < 100  # read from the question down, though the answer is longer than the window

    page.get_by_role("button", name="Render", exact=True).click()
    page.mouse.wheel(0, -20_000)
    page.locator(RENDERED).wait_for()
    settle(page)
    assert scrolled.evaluate("page => page.scrollTop") == 0
    page.reload()
    page.locator(RENDERED).wait_for()
    settle(page)
    assert 0 <= top_of(said.filter(has=page.locator(RENDERED))) < 100

    page.mouse.wheel(0, -20_000)
    ask(page, "What is FedStyle?")
    settle(page)
    assert 0 <= top_of(said.filter(has_text="What is FedStyle?").last) < DESKTOP["height"] / 2


def test_the_page_fits_a_phone(browser, address):
    page = open_page(browser, address, PHONE)
    keep(page, "phone-empty")
    assert 0 < top_of(page.get_by_role("heading", name="Undertone")) < PHONE["height"] / 2
    ask_the_seed_question(page)
    assert 0 <= top_of(page.locator(SAID).first) < 100
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    boxes = page.locator(f"{MAIN} button:visible").evaluate_all(
        "buttons => buttons.map(button => button.getBoundingClientRect()).map(box => [box.left, box.right])"
    )
    assert all(left >= 0 and right <= PHONE["width"] + 1 for left, right in boxes)
    keep(page, "phone-card")
    page.locator(MARK).first.scroll_into_view_if_needed()
    keep(page, "phone-answer")
    page.locator(MARK).first.click()
    page.locator(DIALOG).wait_for()
    keep(page, "phone-passage")
    page.close()
