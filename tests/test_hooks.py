"""Hooks are there while something runs, and gone afterwards."""

import pytest
import torch
from torch import nn

from tools.hooks import ForwardHooks


def test_hooks_hear_and_replace_while_they_are_entered_and_can_be_entered_again():
    module, heard = nn.Identity(), []
    hooks = ForwardHooks([(module, lambda *call: heard.append(call[2])), (module, lambda _m, _a, output: 2 * output)])
    one = torch.ones(1)
    for times in (1, 2):
        with hooks:
            assert module(one) == 2
        assert module(one) == 1 and len(heard) == times


def test_hooks_are_gone_after_a_failure():
    module = nn.Identity()
    with pytest.raises(RuntimeError), ForwardHooks([(module, lambda *_: torch.zeros(1))]):
        assert module(torch.ones(1)) == 0
        raise RuntimeError
    assert module(torch.ones(1)) == 1 and not module._forward_hooks
