"""Which function draws a tool's call that waits for a click, and which its result, by the tool's view.

Adding a view is a function and a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.conversation.render_queue import RenderQueue
from app.ui.blend_form import show_proposal
from app.ui.experiment_view import show_experiment, show_experiment_form
from app.ui.federation_view import show_federation, show_federation_form
from app.ui.pictures_view import show_pictures
from app.ui.proposal_card import Card
from app.ui.results import show_result
from app.ui.stress_form import show_stress_form
from app.ui.stress_view import show_stress
from app.ui.style_view import show_style

FORMS: dict[str, Callable[[RenderQueue, Card], None]] = {
    "blend": show_proposal,
    "experiment": show_experiment_form,
    "stress": show_stress_form,
    "federation": show_federation_form,
}
RESULTS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "blend": show_result,
    "experiment": show_experiment,
    "stress": show_stress,
    "style": show_style,
    "federation": show_federation,
    "pictures": show_pictures,
}
