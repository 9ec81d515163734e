"""The page's first second: its frame stands while what the page needs is imported, then `page.py` draws.

Knows nothing of the corpus and imports nothing that takes time. `server.py` serves it.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.serving.opening import opening

WAIT_S = 0.1
PAGE_STYLE = Path(__file__).resolve().parents[1] / "ui" / "page.css"


def main() -> None:
    if not opening.wait(0):
        st.set_page_config(page_title="Undertone", page_icon=":material/graphic_eq:")
        st.html(PAGE_STYLE)
        frame = st.empty()
        with frame.container():
            st.title("Undertone", anchor=False)
            st.caption("How image models blend styles, with the passage behind every sentence.")
            line = st.empty()
            line.markdown(":gray[Opening the corpus…]")
            while not opening.wait(WAIT_S):
                line.markdown(":gray[Opening the corpus…]")  # here a reload can break in
        frame.empty()
    from app.page import main as draw

    draw()


if __name__ == "__main__":
    main()
