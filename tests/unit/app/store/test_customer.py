"""A customer is held in little room, and given out whole."""

from __future__ import annotations

from app.store.store import Store
from services.domain.records import Customer


def test_what_a_change_of_a_customer_lacks_stays() -> None:
    store = Store(lambda: 0.0)
    store.put("customers", {"id": "c", "business_name": "Old Mill Pizza", "phone": "555 0100", "city": "Fernhill"})
    store.put("customers", {"id": "c", "city": "Albany", "email": "a@mill.example"})
    assert store.customer("c") == Customer(
        "c", business_name="Old Mill Pizza", email="a@mill.example", phone="555 0100", city="Albany"
    )
    assert store.customer("d") is None
