"""Hands: the same work is the same pixels, works of one hand look alike, and hands differ."""

import numpy as np
import pytest

from tools.studio.vocabulary import BASIC
from tools.style_search.hands import draw_scenes, sample_hands, work_of, works_of


@pytest.fixture(scope="module")
def plain():
    return draw_scenes(0, 2)


def test_styles_are_shared_out_evenly():
    styles = [hand.style for hand in sample_hands(4 * len(BASIC.styles), 0)]
    assert all(styles.count(style) == 4 for style in range(len(BASIC.styles)))


def test_another_seed_makes_other_hands():
    assert sample_hands(6, 0) == sample_hands(6, 0)
    assert not set(sample_hands(6, 0)) & set(sample_hands(6, 1))


def test_a_work_can_be_drawn_again_and_works_vary(plain):
    hand = sample_hands(1, 3)[0]
    first = work_of(hand, plain[0], 0)
    assert np.array_equal(first, work_of(hand, plain[0], 0))
    assert not np.array_equal(first, work_of(hand, plain[0], 1))
    assert first.shape == plain[0][0].shape and first.dtype == np.uint8


def test_a_hand_is_nearer_to_itself_than_to_another_of_its_style(plain):
    """In mean colour and contrast, over hands: that is what a hand is."""
    hands = sample_hands(24, 0)
    looks = [
        np.array([[*w.reshape(-1, 3).mean(0), *w.reshape(-1, 3).std(0)] for w in works_of(hand, plain, [0, 1])])
        for hand in hands
    ]
    own = np.mean([np.abs(look[0] - look[1]).mean() for look in looks])
    others = np.mean([np.abs(a[0] - b[1]).mean() for a, b in zip(looks, looks[6:], strict=False)])
    assert own < others
