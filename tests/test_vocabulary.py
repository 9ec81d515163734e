"""What an image model was never taught, told from its word list, is what its tokenizer says."""

from __future__ import annotations

import json

from transformers import AutoTokenizer

from tools.vocabulary import EMBEDDED_FOLDER, closed_vocabulary, words_not_taught

TEXTS = ("A red fox, beside 2 mugs", "gouache x watercolour", "a blue boat in a city at night", "ukiyo-e Zebra zebra")


def test_the_word_list_says_what_the_tokenizer_says():
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED_FOLDER / "tokenizer")
    words = [word.strip(",").lower() for text in TEXTS for word in text.replace("-", " ").split()]
    split = {word for word in words if len(word) > 1 and len(tokenizer.tokenize(word)) > 1}
    assert set(words_not_taught("embedded", TEXTS)) == split
    assert {"fox", "gouache", "zebra"} <= split and not {"red", "boat", "watercolour"} & split


def test_each_word_is_named_once_in_the_order_of_the_texts():
    assert words_not_taught("embedded", ["a Zebra", "a zebra, a fox"]) == ("zebra", "fox")


def test_an_open_vocabulary_or_one_that_is_not_here_says_nothing(tmp_path):
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "vocab.json").write_text(json.dumps({f"w{n}</w>": n for n in range(6000)}))
    assert closed_vocabulary(str(tmp_path)) is None
    (tmp_path / "broken" / "tokenizer").mkdir(parents=True)
    (tmp_path / "broken" / "tokenizer" / "vocab.json").write_text("{")
    assert closed_vocabulary(str(tmp_path / "broken")) is None
    assert words_not_taught("nobody/nothing", ["zebra"]) == ()
