"""Fit the small encoder that reads draft replies, on sentences and drafts written for it.

    python training/fit_reply_encoder.py --base ENCODER [--out models/reply_encoder.safetensors]

The lowest layers of a sentence encoder (`--base`: a folder with ``config.json``,
``model.safetensors`` and ``vocab.txt``), trained whole, twice. First on ``replies.txt``: sentences
of service agents, a few of one voice at a time. A line that begins with ``#`` names the voice of
the sentences below it. Before each sentence stand the letters of what it does: C apologises with an
if, D defends, A argues, B blames, E evades, G gives a present, H promises too much, K acknowledges,
F has put something right, P promises it with a time, Q asks what is needed to go on, I tells a step
to take or answers what was asked, N nothing of these. Then on ``drafts.csv``: drafts beside the
texts that they answer, with their faults. Which sentence commits a fault is not told there: the one
that looks most like it is taken to.

The word pieces are those of the encoder tier (``models/encoder/vocab.txt``). Needs
``requirements-teacher.txt``; some 25 minutes on two cores.
"""

from __future__ import annotations

import argparse
import csv
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from teacher import collate
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from detractor.replies import HOSTILE, cut_draft
from detractor.reply_encoder import (
    LIMIT,
    PART_LIMIT,
    Block,
    ReplyEncoder,
    lay_out,
    write_reply_encoder,
)
from detractor.wordpiece import WordPiece

log = logging.getLogger("fit_reply_encoder")

FAULTS = {
    "conditional_apology": "C",
    "defensive": "D",
    "arguing": "A",
    "blaming": "B",
    "evading": "E",
    "placating": "G",
    "above_authority": "H",
}
"""What the finished encoder says of a sentence, and the letters that show it."""
ACTS = {**FAULTS, "hostile": "DABE", "acknowledging": "K", "fixing": "FP", "moving": "FPQI"}
"""What it learns of a sentence: more, because telling one act needs the others."""
LACKS = ("no_acknowledgement", "no_commitment")

LAYERS = 4
BATCH = 16
POOL = 50
"""Batches among which blocks are sorted by length, so that little is padded."""
LARGEST_GROUP = 4
LONGEST = LIMIT - PART_LIMIT - 2  # word pieces of a draft, so that the text has room
WARMING = 0.06
SMOOTHING = 0.02
DROPPED = 0.1
ALONE = 0.1
"""The share of drafts that are read without the text they answer."""
SEED = 0


class Stage(NamedTuple):
    """A training: how often all is read, how fast it is learned from."""

    passes: int
    rate: float
    of_sentences: float
    of_drafts: float = 1e-3


SENTENCES = Stage(passes=3, rate=1e-4, of_sentences=1e-3)
DRAFTS = Stage(passes=4, rate=5e-5, of_sentences=2e-4)
REHEARSED = 3000
"""Groups of sentences read again in each pass over the drafts."""

CARD = """\
# Model card: reply encoder

What a draft reply does wrong, read beside the text that it answers: {layers} layers of
self-attention over {pieces:,} word pieces, weights of 8 bits, {size:.1f} MB. Behind `check_reply`.
Made by `python training/fit_reply_encoder.py`: the lowest layers of all-MiniLM-L6-v2 (Apache-2.0),
all weights trained on {sentences:,} sentences and then on {drafts:,} drafts by {writers} hands,
all written for this library; no customer, agent or data set has a line in them. English. Not for
decisions about a person without a person.

What it finds in drafts of writers that it never saw: see the limits of `check_reply` in the
documentation and the floors in `tests/test_replies.py`.
"""


class Draft(NamedTuple):
    """A row of ``drafts.csv``."""

    writer: str
    about: str
    sentences: list[str]
    faults: set[str]


class Batch(NamedTuple):
    """Blocks read together, and what is told of them: of their sentences, or of the drafts."""

    blocks: list[Block]
    of_sentences: list[NDArray[np.float32]]
    of_drafts: NDArray[np.float32]


class Reader(nn.Module):
    """The lowest layers of an encoder; heads for each sentence, and for the whole draft."""

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
        self.heads = nn.Linear(config.hidden_size, len(ACTS))
        self.whole = nn.Linear(2 * config.hidden_size, len(FAULTS) + len(LACKS))

    def forward(self, blocks: list[Block]) -> tuple[Tensor, Tensor, Tensor]:
        """Return log odds of sentences and acts, which sentences there are, and those of drafts."""
        ids, mask = collate([block.pieces for block in blocks])
        owners, _ = collate([block.owners for block in blocks])
        hidden = self.bert(
            input_ids=ids, attention_mask=mask, token_type_ids=(owners > 0).long()
        ).last_hidden_state
        parts = torch.arange(1, int(owners.max()) + 1).view(1, -1, 1)
        shares = (owners.unsqueeze(1) == parts).float()
        sizes = shares.sum(2, keepdim=True)
        of_sentences = self.heads(self.dropout(shares @ hidden / sizes.clamp(min=1)))
        own = (owners > 0).float().unsqueeze(-1)
        mean = (hidden * own).sum(1) / own.sum(1)
        whole = self.whole(self.dropout(torch.cat([hidden[:, 0], mean], 1)))
        return of_sentences, sizes.squeeze(2) > 0, whole


def read_sentences(path: Path) -> list[list[tuple[str, str]]]:
    """Read the sentences of each voice with their letters."""
    voices: list[list[tuple[str, str]]] = []
    for line in path.read_text("utf-8").splitlines():
        letters, text = line.split(" ", 1)
        if letters == "#":
            voices.append([])
        else:
            voices[-1].append((letters, text))
    return voices


def read_drafts(path: Path) -> list[Draft]:
    """Read the drafts that hold a word."""
    drafts = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            told = [sentence.text for sentence in cut_draft(row["draft"])]
            faults = set(filter(None, row["faults"].split("|")))
            if told:
                drafts.append(Draft(row["writer"], row["about"], told, faults))
    return drafts


def deal_sentences(
    voices: list[list[tuple[str, str]]], pieces: WordPiece, random: np.random.Generator
) -> list[Batch]:
    """Put sentences of a voice together in small groups, as if they were a draft."""
    groups: list[list[tuple[str, str]]] = []
    for voice in voices:
        order = random.permutation(len(voice)).tolist()
        while order:
            size = int(random.integers(1, LARGEST_GROUP + 1))
            groups.append([voice[place] for place in order[:size]])
            order = order[size:]
    blocks = [
        next(lay_out(pieces, "", [text for _, text in group], limit=LONGEST)) for group in groups
    ]
    truth = [
        np.array([[bool({*own} & {*shown}) for shown in ACTS.values()] for own, _ in group], "f")
        for group in groups
    ]
    return [
        Batch([blocks[place] for place in part], [truth[place] for place in part], np.zeros(0, "f"))
        for part in deal(blocks, random)
    ]


def deal_drafts(drafts: list[Draft], pieces: WordPiece, random: np.random.Generator) -> list[Batch]:
    """Lay out drafts beside the texts that they answer; now and then without."""
    blocks, truth = [], []
    for draft, alone in zip(drafts, random.random(len(drafts)) < ALONE, strict=True):
        about = "" if alone else draft.about
        first, *more = lay_out(pieces, about, draft.sentences, limit=LONGEST)
        if not more:  # where a fault stands in a draft of several blocks is not told
            blocks.append(first)
            truth.append(judge(draft, known=bool(about)))
    return [
        Batch([blocks[place] for place in part], [], np.stack([truth[place] for place in part]))
        for part in deal(blocks, random)
    ]


def judge(draft: Draft, *, known: bool) -> NDArray[np.float32]:
    """Give what is true of a draft: its faults, hostility, what it lacks; nan where not told.

    Beside hostility nobody asks whether the trouble is acknowledged.
    """
    hostile = bool(draft.faults & {*HOSTILE})
    told = [float(fault in draft.faults) for fault in FAULTS] + [float(hostile)]
    lacks = [float(lack in draft.faults) if known else np.nan for lack in LACKS]
    if hostile:
        lacks[0] = np.nan
    return np.array(told + lacks, dtype=np.float32)


def deal(blocks: list[Block], random: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Deal out all blocks once, those of like length together."""
    order = random.permutation(len(blocks))
    for first in range(0, len(order), BATCH * POOL):
        pool = order[first : first + BATCH * POOL]
        lengths = [len(blocks[place].pieces) for place in pool]
        pool = pool[np.argsort(lengths, kind="stable")]
        parts = [pool[start : start + BATCH] for start in range(0, len(pool), BATCH)]
        for part in random.permutation(len(parts)):
            yield parts[part]


def loss_of(reader: Reader, batch: Batch) -> Tensor:
    """Give how far the log odds of a batch are from what is told of it."""
    of_sentences, present, whole = reader(batch.blocks)
    if batch.of_sentences:
        wanted = torch.zeros_like(of_sentences)
        for row, told in enumerate(batch.of_sentences):
            wanted[row, : len(told)] = torch.tensor(told)
        return _entropy(of_sentences, wanted).mean(2)[present].mean()
    told = torch.tensor(batch.of_drafts)
    count = len(FAULTS)
    absent = ~present.unsqueeze(2)
    strongest = of_sentences[:, :, : count + 1].masked_fill(absent, -30).max(1).values
    verdict = torch.cat([told[:, :count], told[:, count + 1 :]], 1)
    known = ~verdict.isnan()
    return (
        _entropy(strongest, told[:, : count + 1]).mean()
        + _entropy(whole[known], verdict[known]).mean()
    )


def _entropy(log_odds: Tensor, truth: Tensor) -> Tensor:
    smoothed = truth * (1 - 2 * SMOOTHING) + SMOOTHING
    return nn.functional.binary_cross_entropy_with_logits(log_odds, smoothed, reduction="none")


def train(reader: Reader, stage: Stage, passes: Sequence[list[Batch]], name: str) -> None:
    """Train all weights; the rates rise for a short while and then fall to nothing."""
    rates = {reader.bert: stage.rate, reader.heads: stage.of_sentences}
    rates[reader.whole] = stage.of_drafts
    optimizer = torch.optim.AdamW(
        [{"params": list(part.parameters()), "lr": rate} for part, rate in rates.items()],
        weight_decay=0.01,
    )
    steps = sum(map(len, passes))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / (WARMING * steps)) * max(0, 1 - step / steps)
    )
    reader.train()
    start = time.monotonic()
    for number, batches in enumerate(passes):
        total = 0.0
        for batch in batches:
            loss = loss_of(reader, batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        mean = total / len(batches)
        log.info("%s, pass %d: loss %.4f, %.0f s", name, number, mean, time.monotonic() - start)
    reader.eval()


def main() -> None:
    """Fit and write the file."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, default=Path("models/encoder/vocab.txt"))
    parser.add_argument("--out", type=Path, default=Path("models/reply_encoder.safetensors"))
    arguments = parser.parse_args()
    if not arguments.base.exists():
        parser.exit(0, f"skipped: no encoder at {arguments.base}\n")
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    vocabulary = arguments.vocabulary.read_text("utf-8").splitlines()
    pieces = WordPiece(vocabulary, PART_LIMIT)
    reader = Reader(arguments.base, vocabulary)
    voices = read_sentences(here / "replies.txt")
    lessons = [deal_sentences(voices, pieces, random) for _ in range(SENTENCES.passes)]
    train(reader, SENTENCES, lessons, "sentences")
    drafts = read_drafts(here / "drafts.csv")
    lessons = []
    for _ in range(DRAFTS.passes):
        again = deal_sentences(voices, pieces, random)[: REHEARSED // BATCH]
        batches = deal_drafts(drafts, pieces, random) + again
        lessons.append([batches[place] for place in random.permutation(len(batches))])
    train(reader, DRAFTS, lessons, "drafts")
    state = {name: value.numpy() for name, value in reader.state_dict().items()}
    for name in ("heads.weight", "heads.bias"):
        state[name] = state[name][: len(FAULTS)]
    encoder = ReplyEncoder.from_state(
        state, faults=tuple(FAULTS), lacks=LACKS, vocabulary=vocabulary, layers=LAYERS
    )
    content = write_reply_encoder(encoder)
    arguments.out.write_bytes(content)
    arguments.out.with_suffix(".md").write_text(
        CARD.format(
            layers=LAYERS,
            pieces=len(vocabulary),
            size=len(content) / 1e6,
            sentences=sum(map(len, voices)),
            drafts=len(drafts),
            writers=len({draft.writer for draft in drafts}),
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
