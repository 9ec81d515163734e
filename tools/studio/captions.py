"""Caption a scene the way people write prompts: synonyms, phrase orders, things left unsaid.

No caption names two styles. Whether the model blends two styles that it never saw together is the question that
Undertone explains, so the blend has to be emergent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.studio import phrases as ways
from tools.studio.geometry import Scene
from tools.studio.vocabulary import DRAWN, LEARNED, WEIGHTS, Vocabulary
from tools.vocabulary import closed_vocabulary, words_outside

Ways = dict[str, tuple[str, ...]]
TWO_COLOURS_UNSAID = 0.2
"""How often the colour of one of two things is left out."""


@dataclass(frozen=True)
class Phrases:
    """How to name each style, object, colour and setting of a vocabulary, and how to put it together."""

    styles: Ways
    objects: Ways
    colours: Ways
    settings: Ways
    verbs: Ways
    adjectives: tuple[str, ...]
    pictures: tuple[str, ...]
    pairs: tuple[str, ...]
    orders: tuple[str, ...]
    verb_orders: tuple[str, ...]
    styleless_orders: tuple[str, ...]

    def words(self) -> tuple[str, ...]:
        """Every word that a caption can hold, sorted."""
        text: list[str] = ["a an the of thing ,"]
        for held in vars(self).values():
            for some in held.values() if isinstance(held, dict) else [held]:
                text += some
        said = re.sub(r"\{\w+\}", " ", " ".join(text))
        return tuple(sorted(set(re.findall(r"[a-z]+|[0-9]|[-,']", said))))


def phrases_of(vocabulary: Vocabulary, tokens: Set[str] | None = None) -> Phrases:
    """The phrases for a vocabulary.

    Args:
        vocabulary: Whose names.
        tokens: A model's tokens: only phrases are kept of which it knows each word. None keeps all.
    """

    def known(some: Iterable[str]) -> tuple[str, ...]:
        kept = tuple(some)
        if tokens is None:
            return kept
        return tuple(phrase for phrase in kept if not words_outside(tokens, [re.sub(r"\{\w+\}", " ", phrase)]))

    def named(table: Mapping[str, tuple[str, ...]], names: tuple[str, ...], is_needed: bool = True) -> Ways:
        return {name: known(table[name]) or ((name,) if is_needed else ()) for name in names}

    return Phrases(
        styles=named(ways.STYLE_WAYS, vocabulary.styles),
        objects=named(ways.OBJECT_WAYS, vocabulary.objects),
        colours=named(ways.COLOUR_WAYS, vocabulary.colours),
        settings=named(ways.SETTING_WAYS, vocabulary.settings),
        verbs=named(ways.STYLE_VERBS, vocabulary.styles, is_needed=False),
        adjectives=known(ways.ADJECTIVES),
        pictures=known(ways.PICTURES),
        pairs=known(ways.PAIRS),
        orders=known(ways.ORDERS),
        verb_orders=ways.VERB_ORDERS,
        styleless_orders=ways.STYLELESS_ORDERS,
    )


def phrases_for(folder: Path, vocabulary: Vocabulary) -> Phrases:
    """The phrases that a model in `folder`, trained on `vocabulary`, knows each word of."""
    return phrases_of(vocabulary, closed_vocabulary(str(folder)))


DRAWN_PHRASES = phrases_of(DRAWN)
LEARNED_PHRASES = phrases_for(WEIGHTS, LEARNED)
STYLES = LEARNED.styles
STYLE_PHRASES, OBJECT_PHRASES = LEARNED_PHRASES.styles, LEARNED_PHRASES.objects
COLOUR_PHRASES, SETTING_PHRASES = LEARNED_PHRASES.colours, LEARNED_PHRASES.settings


def caption(scene: Scene, style: str, rng: np.random.Generator, phrases: Phrases = DRAWN_PHRASES) -> str:
    """Write one prompt for a drawing of `scene` in `style`.

    Colour and setting are left out 12 % of the time each, the object and the style 4 % each.

    Args:
        scene: What the drawing shows.
        style: One of those that `phrases` name.
        rng: Decides synonyms, order and what is left out.
        phrases: How things are named.

    Returns:
        A lower-case prompt that names at most one style.
    """
    without_object, without_colour, without_place, without_style = rng.random(4) < (0.04, 0.12, 0.12, 0.04)
    if scene.beside is None or scene.beside_colour is None:
        noun = "" if without_object else scene.object
        thing = _thing(noun, "" if without_colour else scene.colour, rng, phrases)
    else:
        unsaid, other_unsaid = rng.random(2) < TWO_COLOURS_UNSAID
        a = _thing(scene.object, "" if unsaid else scene.colour, rng, phrases)
        b = _thing(scene.beside, "" if other_unsaid else scene.beside_colour, rng, phrases)
        thing = _pick(phrases.pairs, rng).format(a=a, b=b)
    said = f"{_pick(phrases.pictures, rng)} " if phrases.pictures and rng.random() < 0.08 else ""
    place = "" if without_place else _way(phrases.settings[scene.setting], rng)
    if without_style:
        return _tidy(_pick(phrases.styleless_orders, rng).format(thing=said + thing, place=place))
    verbs = phrases.verbs[style]
    if verbs and rng.random() < 0.12:
        order, verb = _pick(phrases.verb_orders, rng), _pick(verbs, rng)
        return _tidy(order.format(thing=said + thing, place=place, verb=verb, name=style))
    order = _pick(phrases.orders, rng)
    words = style if "the style of" in order else _way(phrases.styles[style], rng)
    thing = said + thing if order.startswith("{thing}") else thing
    return _tidy(order.format(thing=thing, place=place, style=words))


def _thing(name: str, colour: str, rng: np.random.Generator, phrases: Phrases) -> str:
    """Article, adjective, colour and noun, of which any but the noun may be missing."""
    noun = _way(phrases.objects[name], rng) if name else "thing"
    said = [_way(phrases.colours[colour], rng)] if colour else []
    if phrases.adjectives and rng.random() < 0.15:
        said.insert(0, _pick(phrases.adjectives, rng))
    bare = " ".join([*said, noun])
    article = ("an " if bare[0] in "aeiou" else "a ", "the ", "")[int(rng.choice(3, p=(0.7, 0.1, 0.2)))]
    return article + bare


def _pick(some: tuple[str, ...], rng: np.random.Generator) -> str:
    return some[int(rng.integers(len(some)))]


def _way(some: tuple[str, ...], rng: np.random.Generator) -> str:
    """The commonest way of naming a thing half the time, any of them otherwise."""
    return some[0] if rng.random() < 0.5 else _pick(some, rng)


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).replace(" ,", ",")
    text = re.sub(r"\ba (?=[aeio]\w)", "an ", text)
    return re.sub(r"(,\s*)+", ", ", text).strip(" ,")
