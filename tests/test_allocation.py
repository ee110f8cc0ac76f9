"""Choosing one option for each customer."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from detractor.allocation import Options, allocate
from detractor.errors import ParameterError


@st.composite
def problems(draw: st.DrawFn) -> tuple[Options, np.ndarray]:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    customer = np.repeat(np.arange(len(sizes)), sizes)
    count = len(customer)
    whole = st.lists(st.integers(0, 40), min_size=count, max_size=count)
    saving, cost, pieces = np.array(draw(whole)), np.array(draw(whole)), np.array(draw(whole)) % 2
    free = np.flatnonzero(np.diff(customer, prepend=-1))
    cost[free] = pieces[free] = 0
    needs = csr_array(np.column_stack([cost, pieces]))
    available = np.array([draw(st.integers(0, 120)), draw(st.integers(0, 3))])
    return Options(customer=customer, saving=saving, needs=needs), available


@settings(max_examples=60, deadline=None)
@given(problems())
def test_no_other_choice_saves_more(problem: tuple[Options, np.ndarray]) -> None:
    options, available = problem
    needs = options.needs.toarray()
    groups = [np.flatnonzero(options.customer == one) for one in np.unique(options.customer)]
    best = max(
        options.saving[list(rows)].sum()
        for rows in itertools.product(*groups)
        if (needs[list(rows)].sum(axis=0) <= available).all()
    )
    chosen = allocate(options, available)
    assert options.customer[chosen].tolist() == list(range(len(groups)))
    assert (needs[chosen].sum(axis=0) <= available).all()
    assert options.saving[chosen].sum() == best


def test_every_customer_needs_an_option_that_needs_nothing() -> None:
    with pytest.raises(ParameterError, match="needs nothing"):
        Options(customer=np.array([0]), saving=np.array([1]), needs=csr_array([[1]]))


@pytest.mark.parametrize("customer", [[0, 2], [1, 0]])
def test_customers_come_in_order(customer: list[int]) -> None:
    with pytest.raises(ParameterError, match="in order"):
        Options(customer=np.array(customer), saving=np.array([1, 1]), needs=csr_array([[0], [0]]))
