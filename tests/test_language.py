import numpy as np
import pytest

from detractor.language import judge
from detractor.scoring import score


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ((8, 8, 4, 0), 0),
        ((8, 4, 0, 0), 2),
        ((12, 6, 1, 0), 2),
        ((1, 0, 0, 0), 2),
        ((1, 1, 0, 0), 0),
        ((0, 0, 0, 3), 0),
        ((0, 0, 0, 0), 3),
        ((2, 0, 0, 1), 0),
    ],
)
def test_known_words_and_function_words_decide(counts: tuple[int, ...], status: int) -> None:
    assert judge(["x"], np.array([counts], dtype=np.int32)).tolist() == [status]


def test_without_counts_only_empty_texts_are_set_aside() -> None:
    assert judge(["", "très bien", " "], None).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "text",
    [
        "La livraison est arrivée en retard et personne ne répond au téléphone",
        "O aplicativo não funciona e ninguém responde as minhas mensagens",
        "Die Lieferung kam zu spät und niemand geht ans Telefon",
        "El pedido llegó tarde y nadie contesta el teléfono",
        "De levering was te laat en niemand neemt de telefoon op",
        "qwrt zxcv plmk wdfg",
    ],
)
def test_other_languages_and_gibberish_are_not_scored(text: str) -> None:
    assert score(text).status == "unsupported"


@pytest.mark.parametrize(
    "text",
    [
        "App keeps crashing on my Samsung since the update",
        "ok",
        "thx guys, gr8 service",
        "Dr. Nakamura and Mrs. O'Connell at the Leeds branch were brilliant",
    ],
)
def test_english_is_scored_whatever_the_names_and_spelling(text: str) -> None:
    assert score(text).status == "ok"
