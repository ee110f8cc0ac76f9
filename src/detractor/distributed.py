"""Score on a Spark cluster, to the bit as on one machine, and rank as Spark SQL.

Spark hands each worker Arrow batches; the worker loads the model once, scores a batch with the same
function as everywhere else, and hands it back. Ranking a billion rows needs no Python at all: it is
one aggregation by customer and one ordering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from detractor.policy import Policy
from detractor.schema import HEADS, SCORE_COLUMNS, STATUS, Columns, require

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from detractor.model import FeedbackModel

DDL = ", ".join(f"`{head}` double" for head in HEADS) + f", `{STATUS}` string"


@cache
def _model(path: str | None) -> FeedbackModel:
    """Load a model once a worker process."""
    from detractor.artifact import load

    return load(path)


def score_batches(
    text: str, model: str | None = None
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make the function that scores Arrow batches, for `mapInArrow` or anything else.

    Parameters
    ----------
    text : str
        The column with the feedback.
    model : str, optional
        A model file that every worker can read; the one the package carries, if None.

    Returns
    -------
    callable
        From an iterator of batches to an iterator of batches with the score columns added.

    Examples
    --------
    >>> import pyarrow as pa
    >>> batch = pa.RecordBatch.from_pydict({"id": [1], "text": ["I want to cancel."]})
    >>> (scored,) = score_batches("text")(iter([batch]))
    >>> scored.schema.names
    ['id', 'text', 'detractor', 'anger', 'churn_risk', 'status']
    """

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        from detractor.scoring import score

        for batch in batches:
            scores = score(batch.column(text).to_pylist(), model=_model(model))
            added = pa.RecordBatch.from_pandas(scores, preserve_index=False)
            names = [*batch.schema.names, *SCORE_COLUMNS]
            columns = [*batch.columns, *(added.column(name) for name in SCORE_COLUMNS)]
            yield pa.RecordBatch.from_arrays(columns, names)

    return work


def score(frame: DataFrame, *, text: str = "text", model: str | None = None) -> DataFrame:
    """Add the score columns to a Spark DataFrame; see `detractor.score`.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        With a column of texts; has none of the score columns.
    text : str
        That column.
    model : str, optional
        A model file that every worker can read; the one the package carries, if None.

    Returns
    -------
    pyspark.sql.DataFrame
        The same rows, in any order, as everywhere in Spark.

    Raises
    ------
    SchemaError
        The column is missing.
    """
    require(frame, text)  # type: ignore[arg-type]  # it only reads `columns`
    schema = ", ".join(f"`{f.name}` {f.dataType.simpleString()}" for f in frame.schema.fields)
    return frame.mapInArrow(score_batches(text, model), f"{schema}, {DDL}")


def rank(
    scored: DataFrame,
    *,
    as_of: str,
    policy: Policy | None = None,
    columns: Columns | None = None,
) -> DataFrame:
    """Order customers by what their texts put at stake, in tables too large for one machine.

    ``expected_saving = value x text_risk x prior recoverability - cost``, where `text_risk` is the
    highest risk of a customer's texts after each has faded with its age. Lanes, signals, trends
    and the user's own churn probability need a customer's whole history in one place: take the
    head of this queue, gather those customers' rows, and give them to `detractor.rank`.

    Parameters
    ----------
    scored : pyspark.sql.DataFrame
        With the score columns, customer and date; value, if there is one.
    as_of : str
        The night, as 2026-03-01.
    policy : Policy, optional
        Weights, half-life, prior, cost.
    columns : Columns, optional
        What the columns are called.

    Returns
    -------
    pyspark.sql.DataFrame
        Customer, `texts`, `last_date`, `value`, `text_risk`, `expected_saving`; highest first.
    """
    policy, columns = policy or Policy(), columns or Columns()
    require(scored, columns.customer, columns.date, *HEADS, STATUS)  # type: ignore[arg-type]
    p = policy
    value = f"`{columns.value}`" if columns.value in scored.columns else "NULL"
    age = f"greatest(datediff(date '{as_of}', to_date(`{columns.date}`)), 0)"
    risk = (
        f"1 - (1 - {p.detractor_weight}D * detractor) * (1 - {p.anger_weight}D * anger)"
        " * (1 - churn_risk)"
    )
    query = f"""
        WITH texts AS (
            SELECT `{columns.customer}`, `{columns.date}` AS date, double({value}) AS value,
                ({risk}) * pow(0.5D, {age} / {p.churn_half_life_days}D) AS risk
            FROM {{scored}}
            WHERE `{STATUS}` = 'ok' AND to_date(`{columns.date}`) <= date '{as_of}'
        ), customers AS (
            SELECT `{columns.customer}`, count(*) AS texts, max(date) AS last_date,
                coalesce(max(value), {p.default_value}D) AS value, max(risk) AS text_risk
            FROM texts GROUP BY `{columns.customer}`
        )
        SELECT *, value * text_risk * {p.prior_recoverability}D - {p.cost_per_contact}D
            AS expected_saving
        FROM customers ORDER BY expected_saving DESC, `{columns.customer}`
    """
    return scored.sparkSession.sql(query, scored=scored)
