"""A picture under other styles: the form of a run that is proposed.

Widgets only. Which styles, questions and classifiers there are it reads where they are declared.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.conversation.render_queue import RenderQueue
from app.markup import escape
from app.ui.picture_source import GALLERY, UPLOAD, chosen_picture, show_gallery, show_upload, start_with
from app.ui.proposal_card import Card, show_start
from tools.blend.limits import MAX_SEED
from tools.registry import TOOLS

DRAWN = "Draw a scene"


def show_stress_form(queue: RenderQueue, card: Card) -> None:
    """Draw a proposed run: which picture and styles, who is asked; its button, and what became of the last click."""
    from tools.studio.scenes import OBJECTS, STYLES
    from tools.style_augmentation.classifiers import CLASSIFIERS, QUESTIONS  # torch comes with it
    from tools.style_augmentation.sources import object_named

    call_id, job = card.proposal.call_id, card.job
    wanted = {**_defaults(card.proposal.tool), **(job.arguments if job else card.proposal.arguments)}
    first = {
        "subject": object_named(wanted["subject"]) or OBJECTS[0],
        "styles": [style for style in wanted["restyle_with"] if style in STYLES] or list(STYLES),
        "question": wanted["question"],
        "classifier": wanted["classifier"],
        "seed": int(wanted["seed"]),
        "source": DRAWN if wanted["picture"] is None else UPLOAD,
        "image": wanted["picture"],
    }
    for name, value in first.items():
        start_with(f"{name} {call_id}", value)
    with st.container(border=True, key=f"card-{call_id}"):
        st.markdown("**Would a classifier still see it in another style?**")
        st.segmented_control("Picture", [DRAWN, UPLOAD, GALLERY], key=f"source {call_id}", required=True)
        _show_source(queue, call_id, OBJECTS)
        st.multiselect("Styles", STYLES, key=f"styles {call_id}")
        left, middle, right = st.columns(3)
        left.selectbox("Question", QUESTIONS, key=f"question {call_id}")
        middle.selectbox("Classifier", CLASSIFIERS, key=f"classifier {call_id}", help=_told(CLASSIFIERS))
        right.number_input("Seed", 0, MAX_SEED, key=f"seed {call_id}")
        if refused := st.session_state.get(f"refused {call_id}"):
            st.error(escape(refused), icon=":material/error:")
        show_start(queue, card, "style", start_stress)


def _show_source(queue: RenderQueue, call_id: str, objects: tuple[str, ...]) -> None:
    source = st.session_state[f"source {call_id}"]
    if source == DRAWN:
        st.selectbox("What it shows", objects, key=f"subject {call_id}")
    elif source == UPLOAD:
        show_upload(call_id, queue.folder, "A PNG or JPEG, 20 MB at most; the classifiers know only what is drawn here")
    else:
        show_gallery(call_id, queue.folder)


def _told(classifiers: dict[str, str]) -> str:
    return "What each learned from. " + "; ".join(f"{name}: {from_}" for name, from_ in classifiers.items()) + "."


def _defaults(tool: str) -> dict[str, Any]:
    return TOOLS[tool].arguments().model_dump()


def start_stress(queue: RenderQueue, card: Card) -> None:
    """Queue the run as its form is set. For callbacks."""
    state, call_id = st.session_state, card.proposal.call_id
    is_drawn = state[f"source {call_id}"] == DRAWN
    picture = None if is_drawn else chosen_picture(call_id, queue.folder)
    if not is_drawn and picture is None:
        return
    state.pop(f"refused {call_id}", None)
    arguments = {
        **card.proposal.arguments,
        "subject": state.get(f"subject {call_id}") or card.proposal.arguments.get("subject", ""),
        "picture": picture,
        "restyle_with": list(state[f"styles {call_id}"]),
        "question": state[f"question {call_id}"],
        "classifier": state[f"classifier {call_id}"],
        "seed": state[f"seed {call_id}"],
    }
    queue.submit(card.conversation_id, call_id, card.proposal.tool, arguments)
