"""What a language model wrote, read: replies of every shape, quotes, markup."""

import json
import time

import pytest

from app.generation.parsing import addresses, clean, find_quote, read_drafts

QUOTES = [{"id": "q1", "passage": "p3f9a1c2e", "text": "copied words"}]
WHOLE = json.dumps({"quotes": QUOTES, "sentences": [{"text": "One is so.", "quotes": ["q1"]}]})
PAIR = ("p3f9a1c2e", "copied words")


@pytest.mark.parametrize(
    "reply",
    [
        WHOLE,
        f"Sure {{here}} you go:\n```json\n{WHOLE}\n```\nHope this helps :)",
        f'<think>Perhaps {{"quotes": [], "sentences": [{{"text": "No.", "quotes": []}}]}}</think>{WHOLE}',
        f'The shape is {{"quotes": [], "sentences": []}}, so:\n{WHOLE}',
        WHOLE.replace("}]}", "},]}"),
        WHOLE[:-2],
        WHOLE.replace("copied words", "copied words").replace("One is so.", "One is\nso."),
        WHOLE.replace('["q1"]', '"q1"'),
    ],
)
def test_the_sentences_are_read_out_of_whatever_surrounds_them(reply):
    (draft,) = read_drafts(reply)
    assert draft.text == "One is so."
    assert draft.quotes == (PAIR,)


def test_two_sentences_in_one_are_two():
    drafts = read_drafts(WHOLE.replace("One is so.", "One is so. Another is not."))
    assert [d.text for d in drafts] == ["One is so.", "Another is not."]
    assert all(d.quotes == (PAIR,) for d in drafts)


def test_a_quote_that_was_not_listed_is_kept_as_a_key_that_does_not_exist():
    (draft,) = read_drafts('{"sentences": [{"n": 3, "text": "A is so.", "quotes": ["q9"]}]}')
    assert (draft.quotes, draft.n) == ((("q9", ""),), 3)


@pytest.mark.parametrize("reply", ["", "no json", "{", "[1, 2]", '{"sentences": 3}', '{"sentences": [{"text": 1}]}'])
def test_of_nothing_that_can_be_read_nothing_is(reply):
    assert read_drafts(reply) == []


def test_a_hostile_reply_is_read_in_no_time():
    started = time.perf_counter()
    for reply in ('{"a":' * 8_000, '{"sentences": [' * 2_000, "<think>" * 5_000, '{"quotes": "' + "\\" * 39_000):
        assert read_drafts(reply) == []
    assert time.perf_counter() - started < 5


def test_quotes_are_found_exactly_or_by_their_letters():
    text = "During denoising, we keep the “query” from original features."
    assert find_quote("keep the “query”", text) == (21, 37)
    start, end = find_quote('"Keep the query from Original-features"', text)
    assert text[start:end] == "keep the “query” from original features"
    assert find_quote("keep the value", text) is None
    assert find_quote("we keep", text) is None, "too few letters to be a quote"
    assert find_quote("", text) is None
    assert find_quote("…", text) is None


ALLOWED = addresses("Paper: http://arxiv.org/pdf/2402.12974v2.pdf\nGitHub: https://github.com/naver-ai/VSP.")


@pytest.mark.parametrize(
    "text, plain, removed",
    [
        ("See http://arxiv.org/pdf/2402.12974v2.pdf.", "See http://arxiv.org/pdf/2402.12974v2.pdf.", 0),
        ("See http://arxiv.org/pdf/2402.12974v2.pdf?q=1 now.", "See now.", 1),
        ("See http://arxiv.org now.", "See now.", 1),
        ("See http://arxiv.org.evil.ru/2402 and www.evil.com.", "See and", 2),
        ("See ht\u200btps://evil.example now.", "See now.", 1),
        ("See [this](https://evil.example) now.", "See this now.", 1),
        ("See ![](//evil.example/a.png) now.", "See now.", 1),
        ("Write to a@evil.example now.", "Write to now.", 1),
        ("Run javascript:alert(1) now.", "Run now.", 1),
        ("See evil.example/a now.", "See now.", 1),
        ("<b>One</b> is <img src=x onerror=alert(1)>so.", "One is so.", 0),
        ("# **One** is `so`.", "One is so.", 0),
        ("It holds with p < 0.05 at ~ 5 % (n > 10).", "It holds with p < 0.05 at ~ 5 % (n > 10).", 0),
        ("One\u202e is\x1b[31m so.", "One is so.", 0),
        ("so " * 300, "", 0),
    ],
)
def test_markup_and_foreign_links_are_taken_out(text, plain, removed):
    assert clean(text, ALLOWED) == (plain, removed)
