from app.markup import escape, link, mark_passages

DOCUMENT = "First one here. Second: *bold* one. Third.\n\nModel: A\nGitHub: https://github.com/a/b"


def test_a_passage_is_marked_in_its_document():
    start = DOCUMENT.index("Second")
    marked = mark_passages(DOCUMENT, [(start, DOCUMENT.index(" Third"))])
    assert ":orange-background[Second\\: \\*bold\\* one\\.] Third" in marked
    assert marked.startswith("First one here\\. :orange")
    assert "Model\\: A  \nGitHub" in marked


def test_several_passages_are_marked_and_overlapping_ones_once():
    assert mark_passages("one two three", [(8, 13), (0, 3), (1, 3)]).count(":orange-background") == 2


def test_a_long_document_is_shown_around_the_passage():
    text = "word " * 5_000
    marked = mark_passages(text, [(10_000, 10_004)])
    assert marked.startswith("… ") and marked.endswith(" …") and len(marked) < 3_000


def test_no_text_can_draw_link_or_mark_anything():
    for attack in (
        "![x](http://evil.example/p.png)", "[click](https://evil.example)", "<img src=x>", "# title", "- item",
        ":red[x]", "$x^2$", "`code`", "a | b", "1. one", "**b**", "~~s~~", ":smile:", ":material/home:",
    ):  # fmt: skip
        shown = escape(attack)
        stripped = shown.replace("\\", "").replace("\u2060", "")
        assert stripped == attack
        for sign in "![]()<>#*`$|~:_":
            assert sign not in shown.replace("\\" + sign, "")


def test_only_addresses_of_the_corpus_stay_links():
    quote = "GitHub: https://github.com/a/b."
    assert "\u2060" not in escape("see https://github.com/a/b.", links_in=quote)
    assert "\u2060" in escape("see https://evil.example/a", links_in=quote)
    assert "\u2060" in escape("mail me@evil.example or www.evil.example")
    assert link("Paper", "http://arxiv.org/pdf/1.pdf") == "[Paper](http://arxiv.org/pdf/1.pdf)"
    assert "](" not in link("Paper", "javascript:alert(1)")


def test_a_latex_macro_is_shown_as_its_word():
    assert escape(r"a novel approach, \ours, to") == "a novel approach, ours, to"


def test_lines_and_paragraphs_are_kept():
    assert escape("a\nb\n\nc") == "a  \nb\n\nc"
