"""An OpenAI-compatible chat server over real HTTP that acts out a script: for tests and for the hostile eval.

It streams where it is asked to, and knows nothing of Undertone but the shape of its briefs.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
Act = str | int | Callable[[Request], str | dict[str, Any]]
"""A status to fail with; "cut", "cut midway", "silence", "drip" or "no json"; or what makes a reply of the request: a
text, or a message, which may hold a "finish_reason", and "pause_s", seconds after each of its lines."""

SILENCE_S = 4.0
CHUNK_CHARS = 4_096


class ChatServer:
    """Serves a script: one act a request, the last one again and again."""

    def __init__(self, *script: Act, takes_schema: bool | int = True, takes_system: bool = True) -> None:
        self.script: list[Act] = list(script)
        self.takes_schema = takes_schema
        self.takes_system = takes_system
        self.judge: Callable[[str], str | int] = lambda _: "no"  # what is said of a claim
        self.understands: int | Callable[[Request], str] = lambda _: (
            "{}"
        )  # what is said of a message that is to be understood
        self.requests: list[Request] = []
        self.understood: list[Request] = []
        self.judged: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def play(self, *script: Act) -> None:
        """Begin another script."""
        self.script, self.requests, self.judged, self.headers = list(script), [], [], []

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
            if claim := re.search(r"^Document: .*\nClaim: (.*)$", str(request["messages"][-1]["content"])):
                server.judged.append(request)
                said = server.judge(claim[1])
                return self._fail(said) if isinstance(said, int) else self._stream({"content": said})
            if part(request, "message") is not None:
                server.understood.append(request)
                act = server.understands
                return self._fail(act) if isinstance(act, int) else self._stream(_message(act(request)))
            server.requests.append(request)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            if "response_format" in request and server.takes_schema is not True:
                return self._fail(server.takes_schema or 400)
            if request["messages"][0]["role"] == "system" and not server.takes_system:
                return self._fail(400)
            act = server.next_act()
            if isinstance(act, int):
                return self._fail(act)
            if isinstance(act, str):
                return self._misbehave(act)
            message = _message(act(request))
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
                self._event({"content": '{"sections": [{"heading": "", "passa'})
            elif act == "no json":
                self._send("application/json", b"<html>a proxy's page</html>")

        def _open(self, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

        def _stream(self, message: dict[str, Any]) -> None:
            self._open("text/event-stream")
            content, pause_s = message.get("content") or "", message.get("pause_s", 0.0)
            pieces = content.splitlines(keepends=True) if pause_s else [content]
            for piece in pieces:
                for at in range(0, len(piece), CHUNK_CHARS):
                    self._event({"content": piece[at : at + CHUNK_CHARS]})
                time.sleep(pause_s)
            for index, call in enumerate(message.get("tool_calls", [])):
                self._event({"tool_calls": [{"index": index, **call}]})
            self._event(
                {}, finish=message.get("finish_reason") or ("tool_calls" if message.get("tool_calls") else "stop")
            )
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


def _message(reply: str | dict[str, Any]) -> dict[str, Any]:
    return reply if isinstance(reply, dict) else {"content": reply}


def part(request: Request, tag: str) -> str | None:
    """What a brief holds between two tags."""
    told = "\n".join(str(message["content"]) for message in request["messages"] if message["role"] != "assistant")
    found = re.search(rf"<{tag}>\n(.*?)\n</{tag}>", told, re.S)
    return found[1] if found else None


def number_of(request: Request, words: str) -> int:
    """The number of the passage that holds the words; one that does not exist where none does."""
    lines = re.findall(r"^\[(\d+)\] (.*)$", part(request, "passages") or "", re.M)
    return next((int(number) for number, text in lines if words in text), 99)


def written(*sentences: tuple[str, str]) -> Callable[[Request], str]:
    """A model that writes.

    Args:
        sentences: Each a text, and words of the passage that it names.
    """

    def reply(request: Request) -> str:
        texts = [f"{text} [{number_of(request, words)}]" for text, words in sentences]
        return json.dumps({"sections": [{"heading": "", "sentences": texts}], "missing": None}, ensure_ascii=False)

    return reply


def planned(*sections: tuple[str, Sequence[str | int]], missing: str | None = None) -> Callable[[Request], str]:
    """A model that plans.

    Args:
        sections: Each a heading, and words of the passages that it names, or their numbers.
        missing: What it says to be missing.
    """

    def reply(request: Request) -> str:
        listed = [
            {"heading": h, "passages": [w if isinstance(w, int) else number_of(request, w) for w in named]}
            for h, named in sections
        ]
        return json.dumps({"sections": listed, "missing": missing}, ensure_ascii=False)

    return reply


def calls(name: str, arguments: dict[str, Any]) -> Callable[[Request], dict[str, Any]]:
    """A model that calls a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return lambda _: {"content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
