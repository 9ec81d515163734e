"""An OpenAI-compatible chat server over real HTTP that acts out a script: for tests and for the hostile eval.

It streams where it is asked to, and knows nothing of Undertone but the shape of its briefs.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
Act = str | int | Callable[[Request], str | dict[str, Any]]
"""A status to fail with; "cut", "cut midway", "silence", "drip" or "no json"; or what makes a reply of the request."""

SILENCE_S = 4.0
CHUNK_CHARS = 4_096


class ChatServer:
    """Serves a script: one act a request, the last one again and again."""

    def __init__(self, *script: Act, takes_schema: bool = True, takes_system: bool = True) -> None:
        self.script: list[Act] = list(script)
        self.takes_schema = takes_schema
        self.takes_system = takes_system
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def play(self, *script: Act) -> None:
        """Begin another script."""
        self.script, self.requests, self.headers = list(script), [], []

    def next_act(self) -> Act:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the client has gone
                super().handle()

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(request)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            if "response_format" in request and not server.takes_schema:
                return self._fail(400)
            if request["messages"][0]["role"] == "system" and not server.takes_system:
                return self._fail(400)
            act = server.next_act()
            if isinstance(act, int):
                return self._fail(act)
            if isinstance(act, str):
                return self._misbehave(act)
            reply = act(request)
            message = reply if isinstance(reply, dict) else {"content": reply}
            if request.get("stream"):
                return self._stream(message)
            return self._send("application/json", json.dumps(_completion(message=message)).encode())

        def _fail(self, status: int) -> None:
            key = self.headers.get("Authorization", "")
            body = json.dumps({"error": {"message": f"no, {key}", "type": "error"}}).encode()
            self.send_response(status)
            self.send_header("Retry-After", "0.05")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _misbehave(self, act: str) -> None:
            self.close_connection = True
            if act == "silence":
                time.sleep(SILENCE_S)
            elif act == "drip":
                self._open("text/event-stream")
                for _ in range(40):
                    self._event({"content": " "})
                    time.sleep(SILENCE_S / 40)
            elif act == "cut":
                self._open("text/event-stream")
                self.wfile.write(b"40\r\ndata: {")
            elif act == "cut midway":
                self._open("text/event-stream")
                self._event({"content": '{"quotes": [{"id": "q1", "passa'})
            elif act == "no json":
                self._send("application/json", b"<html>a proxy's page</html>")

        def _open(self, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

        def _stream(self, message: dict[str, Any]) -> None:
            self._open("text/event-stream")
            content = message.get("content") or ""
            for at in range(0, len(content), CHUNK_CHARS):
                self._event({"content": content[at : at + CHUNK_CHARS]})
            for index, call in enumerate(message.get("tool_calls", [])):
                self._event({"tool_calls": [{"index": index, **call}]})
            self._event({}, finish="tool_calls" if message.get("tool_calls") else "stop")
            self._chunk(b"data: [DONE]\n\n")
            self._chunk(b"")

        def _event(self, delta: dict[str, Any], finish: str | None = None) -> None:
            event = _completion(delta={"role": "assistant", **delta}, finish_reason=finish)
            self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _send(self, kind: str, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _completion(**choice: Any) -> dict[str, Any]:
    if "message" in choice:
        choice["message"] = {"role": "assistant", **choice["message"]}
    kind = "chat.completion" if "message" in choice else "chat.completion.chunk"
    choice = {"index": 0, "finish_reason": "stop", **choice}
    return {"id": "1", "object": kind, "created": 0, "model": "m", "choices": [choice]}


def part(request: Request, tag: str) -> Any:
    """What a brief holds between two tags."""
    told = next(message["content"] for message in request["messages"] if message["role"] == "user")
    found = re.search(rf"<{tag}>\n(.*?)\n</{tag}>", told, re.S)
    return json.loads(found[1]) if found else None


def key_of(request: Request, words: str) -> str:
    """The key of the passage that holds the words; one that does not exist where none does."""
    return next((p["key"] for p in part(request, "passages") if words in p["text"]), "p00000000")


def written(*sentences: tuple[str, str] | tuple[str, str, str]) -> Callable[[Request], str]:
    """A model that quotes and writes.

    Args:
        sentences: Each a text, words of the passage that it names, and what it claims to have copied there, if that is
            something else.
    """

    def reply(request: Request) -> str:
        quotes = [
            {"id": f"q{n}", "passage": key_of(request, words), "text": copied[0] if copied else words}
            for n, (_, words, *copied) in enumerate(sentences)
        ]
        texts = [{"n": n + 1, "text": s[0], "quotes": [f"q{n}"]} for n, s in enumerate(sentences)]
        return json.dumps({"quotes": quotes, "sentences": texts}, ensure_ascii=False)

    return reply


def calls(name: str, arguments: dict[str, Any]) -> Callable[[Request], dict[str, Any]]:
    """A model that calls a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return lambda _: {"content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
