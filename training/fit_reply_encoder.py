"""Fit the small encoder that reads draft replies, on the sentences of ``replies.txt``.

    python training/fit_reply_encoder.py --base ENCODER [--out models/reply_encoder.safetensors]

The lowest layers of a sentence encoder (`--base`: a folder with ``config.json``,
``model.safetensors`` and ``vocab.txt``), with a head for each act of `detractor.replies.ACTS`,
trained whole. The word pieces are those of the encoder tier (``models/encoder/vocab.txt``). A logit
is moved by how much rarer its act is in drafts than among the sentences (`fit_replies.SHARES`), so
that 0 is an even chance there. Needs ``requirements-teacher.txt``.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from fit_replies import LETTERS, SHARE, SHARES, read_sentences
from numpy.typing import NDArray
from teacher import collate
from torch import nn
from transformers import BertConfig, BertModel

from detractor.reply_encoder import LIMIT, ReplyEncoder, write_reply_encoder
from detractor.wordpiece import WordPiece

log = logging.getLogger("fit_reply_encoder")

LAYERS = 4
EPOCHS = 3
BATCH = 32
POOL = 50
"""Batches among which sentences are sorted by length, so that little is padded."""
RATE, HEAD_RATE = 1e-4, 1e-3
WARMING = 0.06
SMOOTHING = 0.02
DROPPED = 0.1
SEED = 0


CARD = """\
# Model card: reply encoder

What a sentence of a draft reply does, read with its order: {layers} layers of self-attention over
{pieces:,} word pieces, weights of 8 bits, {size:.1f} MB. Behind `check_reply`, which takes the mean
of what this says and what `replies.md` says. Made by `python training/fit_reply_encoder.py`: the
lowest layers of all-MiniLM-L6-v2 (Apache-2.0), all weights trained on {count:,} sentences written
for this library ({epochs} passes); no customer, agent or data set has a line in them. English. Not
for decisions about a person without a person.

What both find in whole drafts, also in some that nothing was written or chosen on: see the limits
of `check_reply` in the documentation and the floors in `tests/test_replies.py`.
"""


class Reader(nn.Module):
    """The lowest layers of an encoder, the mean of what they hold, and a head for each act."""

    def __init__(self, folder: Path, vocabulary: list[str]) -> None:
        super().__init__()
        config = BertConfig.from_pretrained(folder)
        config.num_hidden_layers = LAYERS
        config.hidden_dropout_prob, config.attention_probs_dropout_prob = DROPPED, 0.0
        self.bert = BertModel.from_pretrained(folder, config=config, add_pooling_layer=False)
        known = WordPiece((folder / "vocab.txt").read_text("utf-8").splitlines()).index
        words = self.bert.embeddings.word_embeddings
        kept = torch.tensor([known[piece] for piece in vocabulary])
        self.bert.embeddings.word_embeddings = nn.Embedding.from_pretrained(
            words.weight[kept].detach().clone(), freeze=False
        )
        self.dropout = nn.Dropout(DROPPED)
        self.heads = nn.Linear(config.hidden_size, len(LETTERS))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits, one column an act."""
        hidden = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return self.heads(self.dropout((hidden * weight).sum(1) / weight.sum(1)))


def batches(rows: list[list[int]], random: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Deal out all rows once, those of like length together."""
    order = random.permutation(len(rows))
    for first in range(0, len(order), BATCH * POOL):
        pool = order[first : first + BATCH * POOL]
        pool = pool[np.argsort([len(rows[row]) for row in pool], kind="stable")]
        parts = [pool[start : start + BATCH] for start in range(0, len(pool), BATCH)]
        for part in random.permutation(len(parts)):
            yield parts[part]


def fit(reader: Reader, rows: list[list[int]], truth: NDArray[np.float32]) -> None:
    """Train all weights; the rate rises for a short while and then falls to nothing."""
    random = np.random.default_rng(SEED)
    heads = list(reader.heads.parameters())
    groups = [
        {"params": heads, "lr": HEAD_RATE},
        {"params": list(reader.bert.parameters()), "lr": RATE},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = EPOCHS * -(-len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / (WARMING * steps)) * max(0, 1 - step / steps)
    )
    wanted = torch.tensor(truth * (1 - 2 * SMOOTHING) + SMOOTHING)
    reader.train()
    start = time.monotonic()
    for epoch in range(EPOCHS):
        total = 0.0
        for part in batches(rows, random):
            logits = reader(*collate([rows[row] for row in part]))
            loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted[part])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(part)
        log.info("epoch %d: loss %.4f, %.0f s", epoch, total / len(rows), time.monotonic() - start)
    reader.eval()


def shifts(truth: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give by how much each logit moves: its act is rarer in drafts than in the training file."""
    there = np.array([SHARES.get(act, SHARE) for act in LETTERS])
    here = truth.mean(axis=0, dtype=np.float64)
    return np.log(there / (1 - there)) - np.log(here / (1 - here))


def main() -> None:
    """Fit and write the file."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, default=Path("models/encoder/vocab.txt"))
    parser.add_argument("--out", type=Path, default=Path("models/reply_encoder.safetensors"))
    arguments = parser.parse_args()
    if not arguments.base.exists():
        parser.exit(0, f"skipped: no encoder at {arguments.base}\n")
    torch.manual_seed(SEED)
    sentences = read_sentences(Path(__file__).with_name("replies.txt"))
    vocabulary = arguments.vocabulary.read_text("utf-8").splitlines()
    pieces = WordPiece(vocabulary, LIMIT)
    rows = [pieces.encode(text) for text in sentences.texts]
    truth = np.array(
        [[bool({*own} & {*shown}) for shown in LETTERS.values()] for own in sentences.letters],
        dtype=np.float32,
    )
    reader = Reader(arguments.base, vocabulary)
    fit(reader, rows, truth)
    state = {name: value.numpy() for name, value in reader.state_dict().items()}
    state["heads.bias"] = state["heads.bias"] + shifts(truth).astype(np.float32)
    encoder = ReplyEncoder.from_state(
        state, acts=list(LETTERS), vocabulary=vocabulary, layers=LAYERS
    )
    content = write_reply_encoder(encoder)
    arguments.out.write_bytes(content)
    arguments.out.with_suffix(".md").write_text(
        CARD.format(
            layers=LAYERS,
            pieces=len(vocabulary),
            size=len(content) / 1e6,
            count=len(rows),
            epochs=EPOCHS,
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
