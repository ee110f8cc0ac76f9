"""Fine-tune a small sentence encoder to read anger, intent to leave and attitude.

The teacher is never shipped: it labels texts for the fast student, and its
weights, cut down, become the encoder tier (see ``encoder.py``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.distributed as dist
from tokenizers import BertWordPieceTokenizer
from torch import nn
from transformers import BertConfig, BertModel

from detractor.wordpiece import CLS, SEP, WordPiece, clean, fold, markers

log = logging.getLogger("teacher")

FLAGS = "RECLVTSN"
HEADS: dict[str, list[str]] = {
    "detractor": ["detractor"],
    "anger": ["anger_1", "anger_2", "anger_3"],
    "churn": ["churn_1", "churn_2", "churn_3"],
    "attitude": ["attitude_m1", "attitude_0", "attitude_1", "attitude_2"],
    "flags": [f"flag_{letter}" for letter in FLAGS],
    "emotion": ["emotion_anger"],
}
COLUMNS = [column for columns in HEADS.values() for column in columns]
WEIGHTS = {
    "detractor": 1.0,
    "anger": 1.0,
    "churn": 1.3,
    "attitude": 0.7,
    "flags": 0.4,
    "emotion": 0.25,
}


class Teacher(nn.Module):
    """A BERT encoder, mean pooling, and one linear layer with all heads.

    Parameters
    ----------
    config : BertConfig
        The shape of the encoder.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        config.attention_probs_dropout_prob = 0.0
        config.hidden_dropout_prob = 0.0
        self.bert = BertModel(config, add_pooling_layer=False)
        self.dropout = nn.Dropout(0.1)
        self.heads = nn.Linear(config.hidden_size, len(COLUMNS))
        nn.init.normal_(self.heads.weight, std=0.02)
        nn.init.zeros_(self.heads.bias)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits, one column a name in `COLUMNS`."""
        return self.heads(self.dropout(self.pool(ids, mask)))

    def pool(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the mean of what the encoder holds of each piece."""
        hidden = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weight).sum(1) / weight.sum(1)


@dataclass(frozen=True)
class Schedule:
    """How long and how hard to train.

    Parameters
    ----------
    epochs : float
        Passes over the rows.
    rate : float
        Peak learning rate; it falls linearly to zero.
    minutes : float
        The rate reaches zero at this wall-clock time if it comes first.
    batch : int
        Texts a step.
    seed : int
        Seed of the order and of dropout.
    frozen : int
        Leave the embeddings and this many minus one of the lowest layers as
        they are; 0 trains all.
    """

    epochs: float = 1.0
    rate: float = 5e-5
    minutes: float = 30.0
    batch: int = 32
    seed: int = 0
    frozen: int = 0


def join_workers() -> None:
    """Join the other workers when started by ``torchrun``; else do nothing."""
    if dist.is_torchelastic_launched():
        dist.init_process_group("gloo", timeout=timedelta(hours=2))


def is_first() -> bool:
    """Tell whether this worker is the one that writes files."""
    return not dist.is_initialized() or dist.get_rank() == 0


def load_base(folder: Path) -> tuple[Teacher, WordPiece]:
    """Load sentence-encoder weights and their vocabulary from a folder.

    Parameters
    ----------
    folder : Path
        Holds ``config.json``, ``model.safetensors`` and ``vocab.txt``.

    Returns
    -------
    teacher : Teacher
        With fresh heads.
    pieces : WordPiece
        The reader of its vocabulary.
    """
    config = BertConfig.from_pretrained(folder)
    teacher = Teacher(config)
    teacher.bert = BertModel.from_pretrained(folder, config=config, add_pooling_layer=False)
    return teacher, WordPiece((folder / "vocab.txt").read_text("utf-8").splitlines())


def load(folder: Path, weights: Path) -> tuple[Teacher, WordPiece]:
    """Load a fine-tuned teacher: vocabulary from `folder`, state from `weights`."""
    teacher, pieces = load_base(folder)
    teacher.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return teacher, pieces


def save(teacher: Teacher, path: Path) -> None:
    """Write the weights at once or not at all."""
    part = path.with_suffix(".part")
    torch.save(teacher.state_dict(), part)
    part.replace(path)


def encode(texts: pd.Series, pieces: WordPiece, limit: int) -> list[list[int]]:
    """Cut every text into at most `limit` pieces, as `pieces` does, but faster."""
    fast = BertWordPieceTokenizer(vocab=pieces.index, lowercase=True)
    cleaned = [clean(text)[:20_000] for text in texts]
    begin, end = pieces.index[CLS], pieces.index[SEP]
    rows = []
    for text, found in zip(cleaned, fast.encode_batch(cleaned), strict=True):
        marks = [pieces.index[mark] for mark in markers(text)]
        rows.append([begin, *fold(marks + found.ids[1:-1], limit - 2), end])
    return rows


def targets(frame: pd.DataFrame) -> np.ndarray:
    """Spread the label columns over the heads; NaN where a row has no label.

    Parameters
    ----------
    frame : DataFrame
        May hold ``detractor`` (0, 1, NaN), ``anger`` and ``churn`` (0 to 3),
        ``attitude`` (-2 to 2), ``flags`` (letters) and ``emotion_anger``.
        A half, say 1.5, is "1 or 2": the step between has no label.

    Returns
    -------
    ndarray of shape (n, heads)
        Zeros, ones and NaN.
    """
    out = pd.DataFrame(np.nan, index=frame.index, columns=COLUMNS, dtype="float32")
    for name in ("detractor", "emotion_anger"):
        if name in frame:
            out[name] = frame[name].astype("float32")
    for name in ("anger", "churn", "attitude"):
        if name not in frame:
            continue
        steps = (1, 2, 3) if name != "attitude" else (-1, 0, 1, 2)
        value = frame[name].astype("float32")
        for column, step in zip(HEADS[name], steps, strict=True):
            known = value.notna() & (value != step - 0.5)
            out[column] = (value >= step).astype("float32").where(known)
    if "flags" in frame:
        known = frame["flags"].notna()
        flags = frame["flags"].fillna("").astype(str)
        for column, letter in zip(HEADS["flags"], FLAGS, strict=True):
            held = np.array([letter in f for f in flags], dtype="float32")
            out[column] = np.where(known, held, np.nan).astype("float32")
    return out.to_numpy("float32")


def collate(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Lay encoded rows side by side: their pieces, and where there are any."""
    width = max(map(len, rows))
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask


def _batches(lengths: np.ndarray, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = rng.permutation(len(lengths))
    chunk = size * 40
    found: list[np.ndarray] = []
    for start in range(0, len(order), chunk):
        part = order[start : start + chunk]
        part = part[np.argsort(lengths[part], kind="stable")]
        found.extend(part[i : i + size] for i in range(0, len(part), size))
    for i in rng.permutation(len(found)):
        yield found[i]


_SPANS = np.cumsum([0, *map(len, HEADS.values())])


def _loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    known = ~torch.isnan(labels)
    raw = nn.functional.binary_cross_entropy_with_logits(
        logits, torch.nan_to_num(labels), reduction="none"
    )
    raw = raw * known
    total = logits.new_zeros(())
    for i, name in enumerate(HEADS):
        part = raw[:, _SPANS[i] : _SPANS[i + 1]]
        total = total + WEIGHTS[name] * part.sum() / (part.shape[1] * len(labels))
    return total


def _share(teacher: Teacher, spent: float) -> float:
    """Average the gradients, and the time spent, over the workers."""
    if not dist.is_initialized():
        return spent
    held = [p.grad for p in teacher.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in held] + [torch.tensor([spent])])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    start = 0
    for grad in held:
        grad.copy_(flat[start : start + grad.numel()].view_as(grad))
        start += grad.numel()
    return float(flat[-1])


def fit(
    teacher: Teacher,
    rows: list[list[int]],
    labels: np.ndarray,
    schedule: Schedule,
    checkpoint: Callable[[Teacher], None] | None = None,
) -> Teacher:
    """Train all weights on encoded rows.

    Under ``torchrun`` each worker takes its part of every batch; two workers
    of one thread each lose less to a busy machine than two threads do.

    Parameters
    ----------
    teacher : Teacher
        Trained in place.
    rows : list of list of int
        Encoded texts.
    labels : ndarray of shape (n, heads)
        Zeros, ones and NaN for "no label".
    schedule : Schedule
        Epochs, rate, time limit, seed.
    checkpoint : callable, optional
        Called with the teacher about every five minutes.

    Returns
    -------
    Teacher
        The same object.
    """
    torch.manual_seed(schedule.seed)
    rng = np.random.default_rng(schedule.seed)
    lengths = np.array([len(row) for row in rows])
    known = torch.from_numpy(labels)
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    lowest = [teacher.bert.embeddings, *teacher.bert.encoder.layer][: schedule.frozen]
    for module in teacher.modules():
        module.requires_grad_(True)
    for module in lowest:
        module.requires_grad_(False)
    trained = [p for p in teacher.parameters() if p.requires_grad]
    decay = [p for p in trained if p.ndim > 1]
    plain = [p for p in trained if p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=schedule.rate, fused=True)
    steps = int(np.ceil(len(rows) / schedule.batch) * schedule.epochs)
    teacher.train()
    begun = saved = time.monotonic()
    step, running, seen, spent = 0, 0.0, 0, 0.0
    while step < steps and spent < 1:
        for picked in _batches(lengths, schedule.batch, rng):
            if step >= steps or spent >= 1:
                break
            if len(picked) < world:
                continue
            warm = min(1.0, (step + 1) / (0.05 * steps + 1))
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate * warm * (1 - spent)
            mine = picked[rank::world]
            ids, mask = collate([rows[i] for i in mine])
            loss = _loss(teacher(ids, mask), known[mine])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            now = time.monotonic()
            spent = max((step + 1) / steps, (now - begun) / (60 * schedule.minutes))
            spent = _share(teacher, spent)
            nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
            optimizer.step()
            running = 0.98 * running + 0.02 * loss.item() if step else loss.item()
            step, seen = step + 1, seen + len(picked)
            if step % 25 == 0:
                speed = seen / (time.monotonic() - begun)
                log.info("step %d/%d loss %.4f %.1f texts/s", step, steps, running, speed)
            if checkpoint and now - saved > 300:
                checkpoint(teacher)
                saved = time.monotonic()
    teacher.eval()
    return teacher


def predict(teacher: Teacher, rows: list[list[int]], batch: int = 32) -> np.ndarray:
    """Return logits for encoded rows, in their order, the work shared by the workers.

    Parameters
    ----------
    teacher : Teacher
        A trained teacher.
    rows : list of list of int
        Encoded texts.
    batch : int, default=32
        Texts a pass; rows are sorted by length first.

    Returns
    -------
    ndarray of shape (n, heads)
        Logits, columns as in `COLUMNS`.
    """
    if not dist.is_initialized():
        return _predict(teacher, rows, batch)
    rank, world = dist.get_rank(), dist.get_world_size()
    parts: list[np.ndarray] = [np.empty(0)] * world
    dist.all_gather_object(parts, _predict(teacher, rows[rank::world], batch))
    out = np.zeros((len(rows), len(COLUMNS)), dtype="float32")
    for i, part in enumerate(parts):
        out[i::world] = part
    return out


@torch.inference_mode()
def _predict(teacher: Teacher, rows: list[list[int]], batch: int) -> np.ndarray:
    teacher.eval()
    order = np.argsort([len(row) for row in rows], kind="stable")
    out = np.zeros((len(rows), len(COLUMNS)), dtype="float32")
    for start in range(0, len(order), batch):
        picked = order[start : start + batch]
        out[picked] = teacher(*collate([rows[i] for i in picked])).numpy()
    return out


@torch.inference_mode()
def embed(teacher: Teacher, rows: list[list[int]], batch: int = 256) -> np.ndarray:
    """Return the pooled state of each encoded row, shape (n, width of the encoder)."""
    teacher.eval()
    parts = [
        teacher.pool(*collate(rows[start : start + batch])).numpy()
        for start in range(0, len(rows), batch)
    ]
    return np.concatenate(parts)


def probabilities(logits: np.ndarray) -> pd.DataFrame:
    """Turn logits into the columns of a soft-label table.

    ``attitude`` is the expected value on -2 to 2.

    Parameters
    ----------
    logits : ndarray of shape (n, heads)
        As `predict` returns them.

    Returns
    -------
    DataFrame
        A probability a head, ``attitude``, and ``logit_`` columns for the
        three scores.
    """
    out = pd.DataFrame(1 / (1 + np.exp(-logits.astype("float64"))), columns=COLUMNS)
    out["attitude"] = out[HEADS["attitude"]].sum(axis=1) - 2
    for name in ("detractor", "anger_2", "churn_2"):
        out[f"logit_{name}"] = logits[:, COLUMNS.index(name)]
    return out.astype("float32")
