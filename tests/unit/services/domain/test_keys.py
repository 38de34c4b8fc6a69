"""The idempotency key is the contract's."""

import hashlib
import json

from services.domain.keys import idempotency_key, older_idempotency_key

JOB = "11111111-1111-1111-1111-111111111111"


def test_the_vector_of_the_contract() -> None:
    key = idempotency_key(JOB, "example.com", {"name": "Test Business", "dir": "example.com"})
    assert key == "0290afc15b4989093015aa375846ee59a1eef20621932b243371099c1e7519bb"


def test_the_order_of_the_factors_does_not_matter() -> None:
    assert idempotency_key(JOB, "d", {"a": 1, "b": 2}) == idempotency_key(JOB, "d", {"b": 2, "a": 1})


def test_the_older_formula_takes_the_business_as_it_stands() -> None:
    business = {"name": "Test Business", "city": "Fernhill"}
    key = older_idempotency_key(JOB, "example.com", business)
    assert key == hashlib.sha256(f"{JOB}example.com{json.dumps(business)}".encode()).hexdigest()
    assert key != older_idempotency_key(JOB, "example.com", dict(reversed(business.items())))
