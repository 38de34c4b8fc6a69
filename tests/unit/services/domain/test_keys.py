"""The idempotency key is the contract's."""

from services.domain.keys import idempotency_key

JOB = "11111111-1111-1111-1111-111111111111"


def test_the_vector_of_the_contract() -> None:
    key = idempotency_key(JOB, "example.com", {"name": "Test Business", "dir": "example.com"})
    assert key == "0290afc15b4989093015aa375846ee59a1eef20621932b243371099c1e7519bb"


def test_the_order_of_the_factors_does_not_matter() -> None:
    assert idempotency_key(JOB, "d", {"a": 1, "b": 2}) == idempotency_key(JOB, "d", {"b": 2, "a": 1})
