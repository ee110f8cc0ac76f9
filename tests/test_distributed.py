"""Spark: scores equal to local ones to the bit, on a real cluster of two workers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from detractor import scoring
from detractor.errors import SchemaError
from detractor.policy import Policy
from detractor.schema import HEADS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # its gateway leaves sockets open
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

TEXTS = ["I want to cancel, third time", "Lovely, thanks", None, "", "Käse 😡 refund me!!", "12345"]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("needs pyspark and Java: pip install 'detractor[spark]'")
    import pyspark
    from pyspark.sql import SparkSession

    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    source = str(Path(scoring.__file__).parents[1])
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.executorEnv.PYTHONPATH", source)
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "500")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture(scope="module")
def feedback() -> pd.DataFrame:
    rows = 4000
    return pd.DataFrame(
        {
            "id": range(rows),
            "customer_id": [f"c{i % 700}" for i in range(rows)],
            "date": [f"2026-02-{i % 28 + 1:02}" for i in range(rows)],
            "value": [100.0 + i % 7 for i in range(rows)],
            "text": [t if t is None else f"{t} {i}" for i, t in enumerate(TEXTS * 667)][:rows],
        }
    )


def test_a_cluster_scores_to_the_bit_as_one_machine(
    spark: SparkSession, feedback: pd.DataFrame
) -> None:
    from detractor.distributed import score

    frame = spark.createDataFrame(feedback).repartition(4)
    assert spark.sparkContext.master == "local-cluster[2,1,1024]"
    found = score(frame).toPandas().sort_values("id", ignore_index=True)
    expected = scoring.score(feedback)
    assert found["status"].tolist() == expected["status"].tolist()
    for head in HEADS:
        assert found[head].to_numpy().tobytes() == expected[head].to_numpy().tobytes()
    with pytest.raises(SchemaError, match="did you mean 'text'"):
        score(frame, text="texts")


def test_a_ranking_in_sql_equals_the_arithmetic_in_pandas(
    spark: SparkSession, feedback: pd.DataFrame
) -> None:
    from detractor.distributed import rank

    policy = Policy()
    scored = scoring.score(feedback)
    queue = rank(spark.createDataFrame(scored), as_of="2026-02-20", policy=policy).toPandas()
    seen = scored[(scored["date"] <= "2026-02-20") & (scored["status"] == "ok")]
    age = (pd.Timestamp("2026-02-20") - pd.to_datetime(seen["date"])).dt.days
    risk = policy.text_risk(*(seen[head].to_numpy() for head in HEADS))
    faded = pd.Series(risk * 0.5 ** (age / policy.churn_half_life_days), index=seen.index)
    customers = faded.groupby(seen["customer_id"]).max()
    saving = seen.groupby("customer_id")["value"].max() * customers * 0.3 - policy.cost_per_contact
    expected = saving.sort_values(ascending=False)
    assert len(queue) == len(expected)
    got = queue.set_index("customer_id")["expected_saving"]
    np.testing.assert_allclose(got, expected[got.index], rtol=1e-12)
    assert got.is_monotonic_decreasing
