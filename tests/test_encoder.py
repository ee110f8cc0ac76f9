import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import detractor
from detractor.artifact import load
from detractor.encoder import CascadeModel, EncoderModel
from detractor.errors import ModelFileError, ParameterError
from detractor.model import FeedbackModel

CARRIED = Path(__file__).parents[1] / "models" / "encoder"
LEAVING = "Third no-show this month. I'm cancelling my contract on Friday."
FURIOUS = "DISGUSTING. They laughed at me and hung up, I am livid and I want my money back!"
CALM = "The flat white was lovely and the girl at the till remembered my name."
TEXTS = [
    LEAVING,
    FURIOUS,
    CALM,
    "Parcel came a day late, no harm done.",
    "",
    "We have moved our account to another bank, no hard feelings.",
    "Nobody answers the phone, and this is the second week without heating.",
]


@pytest.fixture(scope="module")
def encoder() -> EncoderModel:
    return EncoderModel()


def calibrated_logits(model: EncoderModel | FeedbackModel, texts: list[str]) -> np.ndarray:
    return model.calibration.scale(model.logits(texts)[0])


def test_encoder_tells_leaving_and_anger_from_praise() -> None:
    table = detractor.score([LEAVING, FURIOUS, CALM], model="encoder")
    assert table["churn_risk"].tolist()[0] > 0.5 > table["churn_risk"].tolist()[2]
    assert table["anger"].tolist()[1] > 0.5 > table["anger"].tolist()[2]
    assert table["detractor"].tolist()[2] < 0.2


def test_encoder_reads_a_text_alike_in_any_company_and_on_any_thread(encoder: EncoderModel) -> None:
    together = encoder.logits(TEXTS)[0]
    alone = np.concatenate([encoder.logits([text])[0] for text in TEXTS])
    threaded = EncoderModel(threads=2).logits(TEXTS)[0]
    assert together.tobytes() == alone.tobytes() == threaded.tobytes()


def test_one_text_has_evidence_in_a_slower_tier() -> None:
    score = detractor.score(LEAVING, model="encoder")
    assert score.evidence
    assert all(LEAVING[phrase.start : phrase.end] == phrase.text for phrase in score.evidence)


def test_tiers_set_aside_what_cannot_be_read() -> None:
    table = detractor.score([None, "12345", LEAVING], model="cascade")
    assert table["status"].tolist() == ["empty", "not_feedback", "ok"]
    assert table["anger"].isna().tolist() == [True, True, False]


def test_no_texts_give_no_rows() -> None:
    for tier in ("encoder", "cascade"):
        assert len(detractor.score([], model=tier)) == 0


def test_cascade_is_the_fast_model_away_from_the_cut(encoder: EncoderModel) -> None:
    nowhere = CascadeModel(bands=((90.0, 91.0), (90.0, 91.0)), encoder=encoder)
    assert nowhere.logits(TEXTS)[0].tobytes() == calibrated_logits(load(), TEXTS).tobytes()


def test_cascade_is_the_mean_of_both_near_the_cut(encoder: EncoderModel) -> None:
    fast = calibrated_logits(load(), TEXTS)
    anger = float(fast[1, 1])
    cascade = CascadeModel(bands=((anger, anger), (90.0, 91.0)), encoder=encoder)
    found = cascade.logits(TEXTS)[0]
    both = (fast[1] + calibrated_logits(encoder, [FURIOUS])[0]) / 2
    assert found[1] == pytest.approx(both)
    others = [0, *range(2, len(TEXTS))]
    assert found[others].tobytes() == fast[others].tobytes()


@pytest.mark.parametrize("budget", [0.02, 0.1, 0.3])
def test_near_cut_keeps_to_its_budget_and_to_the_cut(encoder: EncoderModel, budget: float) -> None:
    places = ("branch", "shop", "depot", "website", "office", "app", "counter", "hotline")
    feelings = ("fine", "slow", "a mess", "lovely", "useless", "rude", "why I am leaving", "shut")
    texts = [
        f"{when} the {place} was {feeling}."
        for place in places
        for feeling in feelings
        for when in ("Again", "Today", "As promised", "Once more")
    ]
    cascade = CascadeModel.near_cut(texts, capacity=0.1, budget=budget, encoder=encoder)
    fast = calibrated_logits(load(), texts)[:, 1:]
    lows, highs = np.array(cascade.bands).T
    read = ((lows <= fast) & (fast <= highs)).any(axis=1)
    assert 0 < read.mean() <= budget + 4 / len(texts)
    cut = np.quantile(fast, 0.9, axis=0)
    assert (lows <= cut).all()
    assert (cut <= highs).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CascadeModel.near_cut(["x"], capacity=2), "capacity=2"),
        (lambda: CascadeModel.near_cut(["x"], budget=-0.1), "budget=-0.1"),
        (lambda: CascadeModel.near_cut([]), "give a sample"),
        (lambda: CascadeModel(bands=((1.0, 0.0), (0.0, 1.0))), "near_cut"),
        (lambda: CascadeModel(bands=((0.0, 1.0),)), "near_cut"),
    ],
)
def test_wrong_settings_are_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        call()


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(CARRIED, folder)
    with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("surplus\n")
    with pytest.raises(ModelFileError, match=r"vocab\.txt has sha256 .* copy it anew"):
        EncoderModel(folder)


def test_a_folder_without_an_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is no encoder of detractor"):
        EncoderModel(tmp_path)


def test_a_missing_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "import detractor\n"
        "try: detractor.score('Never again.', model='encoder')\n"
        "except detractor.errors.MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "detractor[encoder]" in done.stdout
