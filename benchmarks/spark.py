"""Measure scoring on Spark beside scoring locally, per core, and the shuffle of the ranking.

python benchmarks/spark.py --rows 200000
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from statistics import mean, median

import pandas as pd
import pyspark
from batch import WORDS
from pyspark.sql import SparkSession

import detractor
from detractor.distributed import rank, score


def time_local(texts: pd.Series) -> float:
    """Score in this process; give rows a second."""
    detractor.score(texts[:1000])
    began = time.perf_counter()
    detractor.score(texts)
    return len(texts) / (time.perf_counter() - began)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    chosen = parser.parse_args()
    os.environ |= {
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "PYSPARK_PYTHON": sys.executable,
    }
    import random

    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS, k=60)) for _ in range(10_000)]
    frame = pd.DataFrame({"text": [texts[i % 10_000] for i in range(chosen.rows)]})
    frame["customer_id"] = [f"c{i % (chosen.rows // 5)}" for i in range(chosen.rows)]
    frame["date"] = "2026-01-15"
    local = [time_local(frame["text"])]
    spark = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.executorEnv.PYTHONPATH", str(Path(detractor.__file__).parents[1]))
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    rows = spark.createDataFrame(frame).repartition(4).cache()
    rows.count()
    passes = []
    for _ in range(4):  # in the first the workers start and load the model
        began = time.perf_counter()
        score(rows).write.format("noop").mode("overwrite").save()
        passes.append(chosen.rows / (time.perf_counter() - began) / 2)
    local.append(time_local(frame["text"]))
    scored = score(rows).cache()
    scored.count()
    began = time.perf_counter()
    rank(scored, as_of="2026-02-01").write.format("noop").mode("overwrite").save()
    found = {
        "rows": chosen.rows,
        "local_rows_per_second_and_core": round(mean(local)),
        "spark_rows_per_second_and_core": round(median(passes[1:])),
        "first_pass_rows_per_second_and_core": round(passes[0]),
        "spark_share_of_local": round(median(passes[1:]) / mean(local), 2),
        "ranking_rows_per_second": round(chosen.rows / (time.perf_counter() - began)),
    }
    spark.stop()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
