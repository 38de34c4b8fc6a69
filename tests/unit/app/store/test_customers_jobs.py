"""Whose job is whose, however often it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.customers_jobs import CustomersJobs

told = st.tuples(st.booleans(), st.sampled_from(["c1", "c2"]), st.sampled_from(["j1", "j2", "j3"]))


@given(st.lists(told, max_size=12))
def test_it_is_as_lists_would_have_it(steps: list[tuple[bool, str, str]]) -> None:
    held, lists = CustomersJobs(), {"c1": list[str](), "c2": list[str]()}
    for comes, customer, job in steps:
        if comes:
            held.add(customer, job)
            lists[customer] += [job] if job not in lists[customer] else []
        else:
            held.discard(customer, job)
            lists[customer] = [one for one in lists[customer] if one != job]
    for customer, jobs in lists.items():
        assert held.of(customer) == tuple(jobs)


@pytest.mark.parametrize("whose", ["", "nobody"])
def test_a_job_without_a_customer_is_nobodys(whose: str) -> None:
    held = CustomersJobs()
    held.add("", "j1")
    held.discard("", "j1")
    assert held.of(whose) == ()
