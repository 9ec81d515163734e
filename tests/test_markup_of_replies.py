"""What may not stand in a sentence that a language model wrote."""

import pytest

from app.generation.markup import addresses, clean

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
