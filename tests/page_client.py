"""A person at the page without a browser: Streamlit's own messages over its WebSocket, as its frontend sends them.

A browser takes more of a processor than the page does; thirty of them would measure themselves.
"""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qs

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

MAX_MESSAGE_BYTES = 2**28
DONE = ForwardMsg.FINISHED_SUCCESSFULLY


class PageFailed(RuntimeError):
    """The page showed an error, or did not answer in time."""


class PageClient:
    """One session of the page.

    Attributes:
        conversation: The id of the one that it shows.
        messages: How many stand in it.
    """

    def __init__(self, address: str, timeout_s: float = 120.0, conversation: str = "") -> None:
        """Open the page.

        Args:
            conversation: One to go on with, as behind a link; an empty id begins a new one.

        Raises:
            PageFailed: It does not stand in time.
            OSError: Nobody serves it.
        """
        self._timeout_s = timeout_s
        url = re.sub("^http", "ws", address) + "/_stcore/stream"
        self._socket = connect(url, subprotocols=["streamlit"], max_size=MAX_MESSAGE_BYTES, open_timeout=timeout_s)  # type: ignore[list-item]
        self.conversation = conversation
        self._elements: list[Any] = []
        self._rerun()
        while not self._of("chat_input"):  # the frame stands first, and the page when it is opened
            self._read_until_done()

    def ask(self, question: str) -> float:
        """Type a question; returns the seconds until its answer stands whole."""
        begun, before = time.perf_counter(), self.messages
        typed = WidgetState(id=self._of("chat_input")[-1].id)
        typed.chat_input_value.data = question
        self._rerun(typed)
        if self.messages < before + 2:
            raise PageFailed(f"{self.messages} messages stand where {before} stood before a question")
        return time.perf_counter() - begun

    def click(self, label: str) -> bool:
        """Click the last button of that label; False where there is none."""
        buttons = [button for button in self._of("button") if button.label == label]
        if buttons:
            self._rerun(WidgetState(id=buttons[-1].id, trigger_value=True))
        return bool(buttons)

    def close(self) -> None:
        self._socket.close()

    def _of(self, kind: str) -> list[Any]:
        return [getattr(element, kind) for element in self._elements if element.WhichOneof("type") == kind]

    def _rerun(self, *states: WidgetState) -> None:
        message = BackMsg()
        query = f"c={self.conversation}" if self.conversation else ""
        message.rerun_script.query_string = query
        message.rerun_script.widget_states.widgets.extend(states)
        self._socket.send(message.SerializeToString())
        self._read_until_done()

    def _read_until_done(self) -> None:
        """Read what the page draws until its script has come to its end; a run that gives way to the next does not."""
        until = time.monotonic() + self._timeout_s
        self._begin()
        while True:
            try:
                data = self._socket.recv(timeout=max(until - time.monotonic(), 0.01))
            except TimeoutError:
                raise PageFailed(f"nothing stands after {self._timeout_s:.0f} s") from None
            assert isinstance(data, bytes)
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self._begin()
            elif kind == "delta":
                self._draw(message.delta)
            elif kind == "page_info_changed":
                self.conversation = parse_qs(message.page_info_changed.query_string).get("c", [""])[0]
            elif kind == "script_finished" and message.script_finished == DONE:
                return

    def _begin(self) -> None:
        self._elements, self.messages = [], 0

    def _draw(self, delta: Any) -> None:
        if delta.WhichOneof("type") == "add_block":
            self.messages += delta.add_block.WhichOneof("type") == "chat_message"
            return
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        if element.WhichOneof("type") == "exception":
            raise PageFailed(f"{element.exception.type}: {element.exception.message}")
        if element.WhichOneof("type") == "alert" and element.alert.format == element.alert.ERROR:
            raise PageFailed(element.alert.body)
        self._elements.append(element)
