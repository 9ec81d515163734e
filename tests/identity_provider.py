"""A small OpenID Connect provider on this machine's loopback: who opens its page chooses who they are.

It serves its metadata, a page that asks, codes, and ID tokens that it signs.
"""

from __future__ import annotations

import base64
import html
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "undertone", "a secret of the test"


class IdentityProvider:
    """Serves; `people` are those that its page offers."""

    def __init__(self, *people: str) -> None:
        self.people = people
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def secrets_toml(self, redirect_uri: str) -> str:
        """What Streamlit is to know of it."""
        told = {
            "redirect_uri": redirect_uri,
            "cookie_secret": secrets.token_hex(16),
            "client_id": CLIENT,
            "client_secret": SECRET,
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
        }
        return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items())

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def page(self, asked: dict[str, str]) -> str:
        """One link for each person, with a code that stands for them once."""
        links = []
        for name in self.people:
            code = secrets.token_urlsafe(16)
            self.codes[code] = {"sub": name, "nonce": asked.get("nonce")}
            back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            links.append(f'<p><a href="{html.escape(back)}">{html.escape(name)}</a></p>')
        return "<!doctype html><title>Who are you?</title>" + "".join(links)

    def token(self, code: str) -> dict[str, Any]:
        claims = self.codes.pop(code)
        now = int(time.time())
        claims |= {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 600, "name": claims["sub"].title()}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return {"access_token": secrets.token_hex(8), "token_type": "Bearer", "expires_in": 600, "id_token": signed}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/authorize":
                self._send(provider.page(dict((k, v[0]) for k, v in parse_qs(url.query).items())), "text/html")
            elif url.path == "/jwks":
                self._send(json.dumps(KeySet([provider.key]).as_dict(private=False)))
            else:
                self._send(json.dumps(provider.metadata()))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            proof = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if self.headers["Authorization"] != f"Basic {proof}" or form["code"][0] not in provider.codes:
                self._send(json.dumps({"error": "invalid_grant"}), status=400)
            else:
                self._send(json.dumps(provider.token(form["code"][0])))

        def _send(self, text: str, kind: str = "application/json", status: int = 200) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
