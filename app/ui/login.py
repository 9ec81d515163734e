"""Who looks at the page, where the server asks (Streamlit's OIDC authentication), and the way in and out.

It knows nothing of what belongs to whom: it only names the person, and nothing in the name is for a browser to choose.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.markup import escape

PERSON_DIGITS = 32


class NobodyNamed(ValueError):
    """The identity provider lets somebody in and does not say who it is."""


def asks_who() -> bool:
    """Whether the server has Streamlit's own authentication."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:  # no secrets at all
        return False


def is_logged_in() -> bool:
    return getattr(st.user, "is_logged_in", False) is True


def person() -> str | None:
    """Name whoever looks at the page; None where the server does not ask.

    Raises:
        NobodyNamed: They are let in, and who they are is not said.
    """
    return person_of(st.user.to_dict()) if asks_who() else None


def person_of(claims: Mapping[str, Any]) -> str:
    """Name a person by the two claims that OpenID Connect keeps stable and unique, as an e-mail address is not.

    Args:
        claims: Of an ID token that was checked.

    Returns:
        Hexadecimal digits, fit for the name of a folder.

    Raises:
        NobodyNamed: One of the two is missing.
    """
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not (isinstance(issuer, str) and issuer and isinstance(subject, str) and subject):
        raise NobodyNamed("The log-in names nobody: its ID token has no iss or no sub. Ask whoever serves this page.")
    return hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()[:PERSON_DIGITS]


def show_login() -> None:
    """Draw a button for each way to log in, and nothing else of the page."""
    st.title("Undertone", anchor=False)
    providers = [name for name, section in st.secrets["auth"].items() if isinstance(section, Mapping)]
    for name in providers:
        st.button(f"Log in with {escape(name)}", key=f"log in {name}", on_click=st.login, args=(name,))
    if not providers:
        st.button("Log in", key="log in", on_click=st.login)


def show_logout() -> None:
    """Say who is logged in, and draw the way out."""
    claims = st.user.to_dict()
    st.caption(f"Logged in as {escape(str(claims.get('name') or claims.get('email') or claims['sub']))}")
    st.button("Log out", key="log out", icon=":material/logout:", width="stretch", on_click=st.logout)
