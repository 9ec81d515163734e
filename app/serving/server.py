"""The page behind a check of whom a request is meant for: `python -m streamlit run app/serving/server.py`.

A page of somebody else's whose name was made to lead to this machine is refused whatever it asks for; Streamlit by
itself refuses it a WebSocket only.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app.serving.opening import opening

HOSTS = st.get_option("server.allowedHosts")

app = st.App(
    "front.py",
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS or ["*"], www_redirect=False)],
)
opening.start()
