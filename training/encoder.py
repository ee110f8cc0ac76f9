"""Cut the teacher down to the encoder tier's model file.

The vocabulary keeps the pieces that feedback uses, matrices are stored as
int8 with one scale a row or column, and the graph is plain ONNX, built by
hand, that onnxruntime runs without torch or a tokenizer library.  Weights are
restored to float32 when the session starts and all sums are in float32; there
is no padding and no mask, since the reader runs one text at a time, at its own
length.  So a text's score never depends on its neighbours in a batch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from collections import Counter
from pathlib import Path

import corpus
import fit_teacher as ft
import numpy as np
import onnx
import pandas as pd
import teacher as th
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import BertConfig

from detractor.wordpiece import CAPS, CLS, PAD, SEP, SHOUT, UNK, WordPiece

log = logging.getLogger("encoder")

HEADS = ("detractor", "anger_2", "churn_2")
SPECIAL = (PAD, UNK, CLS, SEP, SHOUT, CAPS)
LIMIT = 128


def count_pieces(data: Path, pieces: WordPiece, fold_only: bool = False) -> Counter[int]:
    """Count word pieces over a sample of the texts that may be trained on.

    Parameters
    ----------
    data : Path
        Folder of the parquet files.
    pieces : WordPiece
        The full vocabulary.
    fold_only : bool, default=False
        Count the fold's train side only, to judge the cut on unseen domains.

    Returns
    -------
    Counter
        Piece number to count; a source weighs by the root of its size.
    """
    frames = [corpus.reviews(data), corpus.annotated(data), *corpus.other_texts(data, 20_000, 1)]
    counts: Counter[int] = Counter()
    for frame in frames:
        side = ft.fold_side(frame) if fold_only else frame[frame["use"].eq("train")]
        texts = corpus.balanced(side, 30_000, ["source"], 1)["text"]
        for row in th.encode(texts, pieces, LIMIT):
            counts.update(row)
    return counts


def choose(vocabulary: list[str], counts: Counter[int], size: int) -> list[int]:
    """Choose which pieces stay: special ones, single characters, the frequent.

    Parameters
    ----------
    vocabulary : list of str
        All pieces.
    counts : Counter
        How often each number was seen.
    size : int
        How many may stay.

    Returns
    -------
    list of int
        Old numbers in their new order; ``[PAD]`` comes first.
    """
    keep = dict.fromkeys(vocabulary.index(piece) for piece in SPECIAL)
    for i, piece in enumerate(vocabulary):
        single = piece.removeprefix("##")
        if len(single) == 1 and (single.isascii() or counts[i] >= 20):
            keep[i] = None
    for i, _ in counts.most_common():
        if len(keep) >= size:
            break
        keep[i] = None
    return list(keep)


class _Graph:
    """Collect nodes and weights of an ONNX graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, n: int = 1, **attributes: object) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        outputs = [name] if n == 1 else [f"{name}_{i}" for i in range(n)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=name, **attributes))
        return outputs[0] if n == 1 else name

    def hold(self, value: np.ndarray, name: str) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def packed(self, value: np.ndarray, axis: int, name: str) -> tuple[str, str]:
        """Store a matrix as int8 and one scale for each index of `axis`."""
        other = 1 - axis
        scale = np.maximum(np.abs(value).max(axis=other, keepdims=True), 1e-8) / 127
        whole = np.clip(np.rint(value / scale), -127, 127).astype(np.int8)
        scale = scale.astype(np.float32)
        return self.hold(whole, name), self.hold(scale, f"{name}_scale")

    def matrix(self, value: np.ndarray, name: str) -> str:
        """Return a float matrix restored from int8, one scale a column."""
        whole, scale = self.packed(value, 1, name)
        return self.add("Mul", self.add("Cast", whole, to=TensorProto.FLOAT), scale)

    def linear(self, x: str, weight: np.ndarray, bias: np.ndarray, name: str) -> str:
        product = self.add("MatMul", x, self.matrix(weight, name))
        return self.add("Add", product, self.hold(bias, f"{name}_bias"))

    def norm(self, x: str, weight: np.ndarray, bias: np.ndarray, name: str) -> str:
        scale, shift = self.hold(weight, f"{name}_weight"), self.hold(bias, f"{name}_bias")
        return self.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-12)


def build(
    state: dict[str, np.ndarray], kept: list[int], layers: int, attention_heads: int = 12
) -> onnx.ModelProto:
    """Build the int8 graph from a teacher's weights.

    Parameters
    ----------
    state : dict of str to ndarray
        The teacher's weights.
    kept : list of int
        Rows of the word embeddings to keep.
    layers : int
        How many layers to keep, from the lowest.
    attention_heads : int, default=12
        Heads of one attention layer.

    Returns
    -------
    ModelProto
        Input ``ids`` (n, width) of texts of one length, output ``logits`` (n, 3).
    """
    g = _Graph()
    base = "bert.embeddings."
    table, scale = g.packed(state[base + "word_embeddings.weight"][kept], 0, "words")
    word = g.add("Cast", g.add("Gather", table, "ids"), to=TensorProto.FLOAT)
    word = g.add("Mul", word, g.add("Gather", scale, "ids"))
    place = state[base + "position_embeddings.weight"][:LIMIT]
    place = place + state[base + "token_type_embeddings.weight"][0]
    places, place_scale = g.packed(place, 0, "places")
    restored = g.add("Mul", g.add("Cast", places, to=TensorProto.FLOAT), place_scale)
    width = g.add("Gather", g.add("Shape", "ids"), g.hold(np.array([1], np.int64), "one"))
    zero = g.hold(np.array([0], np.int64), "zero")
    position = g.add("Slice", restored, zero, width, zero)
    x = g.add("Add", word, position)
    norm = base + "LayerNorm."
    x = g.norm(x, state[norm + "weight"], state[norm + "bias"], "norm")

    hidden = state[norm + "weight"].shape[0]
    split = g.hold(np.array([0, 0, attention_heads, hidden // attention_heads], np.int64), "split")
    merge = g.hold(np.array([0, 0, hidden], np.int64), "merge")
    for i in range(layers):
        p = f"bert.encoder.layer.{i}."
        parts = {}
        for name in ("query", "key", "value"):
            weight = state[f"{p}attention.self.{name}.weight"].T
            bias = state[f"{p}attention.self.{name}.bias"]
            if name == "query":
                factor = np.float32((hidden // attention_heads) ** -0.5)
                weight, bias = weight * factor, bias * factor
            flat = g.linear(x, weight, bias, f"layer{i}_{name}")
            perm = [0, 2, 3, 1] if name == "key" else [0, 2, 1, 3]
            parts[name] = g.add("Transpose", g.add("Reshape", flat, split), perm=perm)
        match = g.add("Softmax", g.add("MatMul", parts["query"], parts["key"]), axis=-1)
        seen = g.add("MatMul", match, parts["value"])
        seen = g.add("Reshape", g.add("Transpose", seen, perm=[0, 2, 1, 3]), merge)
        for source, block, name in ((seen, "attention.output.", "out"), ("", "output.", "ffn")):
            if not source:
                inner = f"{p}intermediate.dense."
                wide = g.linear(
                    x, state[inner + "weight"].T, state[inner + "bias"], f"layer{i}_wide"
                )
                source = g.add("Gelu", wide)
            weight, bias = state[f"{p}{block}dense.weight"].T, state[f"{p}{block}dense.bias"]
            x = g.add("Add", x, g.linear(source, weight, bias, f"layer{i}_{name}"))
            norm = f"{p}{block}LayerNorm."
            x = g.norm(x, state[norm + "weight"], state[norm + "bias"], f"layer{i}_{name}_norm")

    columns = [th.COLUMNS.index(name) for name in HEADS]
    head, bias = state["heads.weight"][columns].T, state["heads.bias"][columns]
    pooled = g.add("ReduceMean", x, g.hold(np.array([1], np.int64), "axis"), keepdims=0)
    product = g.add("MatMul", pooled, g.hold(head.astype(np.float32), "heads"))
    g.nodes.append(helper.make_node("Add", [product, g.hold(bias, "heads_bias")], ["logits"]))

    graph = helper.make_graph(
        g.nodes,
        "encoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["n", "width"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(HEADS)])],
        g.weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def export(
    state: dict[str, np.ndarray], vocabulary: list[str], kept: list[int], out: Path, layers: int
) -> None:
    """Write ``encoder.onnx``, ``vocab.txt`` and ``header.json`` into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    blob = build(state, kept, layers).SerializeToString()
    words = "\n".join(vocabulary[i] for i in kept) + "\n"
    header = {
        "format": 1,
        "heads": ["detractor", "anger", "churn_risk"],
        "meaning": ["P(detractor)", "P(anger >= 2)", "P(churn >= 2)"],
        "limit": LIMIT,
        "layers": layers,
        "pieces": len(kept),
        "sha256": {
            "encoder.onnx": hashlib.sha256(blob).hexdigest(),
            "vocab.txt": hashlib.sha256(words.encode()).hexdigest(),
        },
    }
    (out / "encoder.onnx").write_bytes(blob)
    (out / "vocab.txt").write_text(words, "utf-8")
    (out / "header.json").write_text(json.dumps(header, indent=1) + "\n", "utf-8")
    log.info("%d pieces, %.2f MB", len(kept), (len(blob) + len(words)) / 1e6)


def restore(folder: Path, base: Path) -> tuple[th.Teacher, WordPiece]:
    """Undo `export`: a teacher whose three heads give the calibrated log odds of the tier.

    Parameters
    ----------
    folder : Path
        Holds ``encoder.onnx``, ``vocab.txt`` and ``header.json``.
    base : Path
        The encoder that it was cut from, for the shape.
    """
    held = {
        tensor.name: numpy_helper.to_array(tensor).copy()
        for tensor in onnx.load(folder / "encoder.onnx").graph.initializer
    }
    header = json.loads((folder / "header.json").read_text("utf-8"))
    words = (folder / "vocab.txt").read_text("utf-8").splitlines()
    config = BertConfig.from_pretrained(base)
    config.vocab_size, config.num_hidden_layers = len(words), header["layers"]
    config.max_position_embeddings = header["limit"]
    teacher = th.Teacher(config)
    state = {name: np.zeros(value.shape, "f4") for name, value in teacher.state_dict().items()}

    def matrix(name: str) -> np.ndarray:
        return held[name].astype(np.float32) * held[f"{name}_scale"]

    def linear(place: str, name: str, factor: float = 1.0) -> None:
        state[f"{place}.weight"] = matrix(name).T * np.float32(factor)
        state[f"{place}.bias"] = held[f"{name}_bias"] * np.float32(factor)

    def norm(place: str, name: str) -> None:
        for part in ("weight", "bias"):
            state[f"{place}.{part}"] = held[f"{name}_{part}"]

    state["bert.embeddings.word_embeddings.weight"] = matrix("words")
    state["bert.embeddings.position_embeddings.weight"] = matrix("places")
    norm("bert.embeddings.LayerNorm", "norm")
    root = (config.hidden_size // config.num_attention_heads) ** 0.5
    for i in range(header["layers"]):
        layer = f"bert.encoder.layer.{i}"
        for name in ("query", "key", "value"):
            factor = root if name == "query" else 1.0  # `build` put it into the query's weights
            linear(f"{layer}.attention.self.{name}", f"layer{i}_{name}", factor)
        linear(f"{layer}.intermediate.dense", f"layer{i}_wide")
        for block, name in (("attention.output", "out"), ("output", "ffn")):
            linear(f"{layer}.{block}.dense", f"layer{i}_{name}")
            norm(f"{layer}.{block}.LayerNorm", f"layer{i}_{name}_norm")
    slopes, shifts = header.get("slopes", [1.0] * 3), header.get("intercepts", [0.0] * 3)
    for head, name in enumerate(HEADS):
        row = th.COLUMNS.index(name)
        state["heads.weight"][row] = held["heads"][:, head] * slopes[head]
        state["heads.bias"][row] = held["heads_bias"][head] * slopes[head] + shifts[head]
    teacher.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in state.items()}
    )
    return teacher.eval(), WordPiece(words)


def main() -> None:
    """Export one set of weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=11_000)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--fold-only", action="store_true", help="count the fold's train side only")
    parser.add_argument("--counts", type=Path, help="a parquet file that keeps the counts")
    args = parser.parse_args()
    model, pieces = th.load(args.base, args.weights)
    vocabulary = list(pieces.index)
    if args.counts and args.counts.exists():
        held = pd.read_parquet(args.counts)
        counts = Counter(dict(zip(held["piece"].tolist(), held["n"].tolist(), strict=True)))
    else:
        counts = count_pieces(args.data, pieces, args.fold_only)
        if args.counts:
            held = pd.DataFrame(counts.items(), columns=["piece", "n"])
            held.to_parquet(args.counts)
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    export(state, vocabulary, choose(vocabulary, counts, args.pieces), args.out, args.layers)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    main()
