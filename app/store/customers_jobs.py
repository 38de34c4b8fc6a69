"""Which jobs are whose."""

from __future__ import annotations


class CustomersJobs:
    """Ids of jobs by the key of their customer, in the order in which they came."""

    def __init__(self) -> None:
        self._ids: dict[str, str | tuple[str, ...]] = {}
        """The only one stands for itself: nearly every customer has just one."""

    def of(self, customer_id: str) -> tuple[str, ...]:
        """Those of a customer."""
        held = self._ids.get(customer_id, ())
        return (held,) if isinstance(held, str) else held

    def add(self, customer_id: str, job_id: str) -> None:
        """A job is this customer's; told twice, it counts once."""
        held = self.of(customer_id)
        if customer_id and job_id not in held:
            self._ids[customer_id] = (*held, job_id) if held else job_id

    def discard(self, customer_id: str, job_id: str) -> None:
        """It is no longer."""
        left = tuple([one for one in self.of(customer_id) if one != job_id])
        if left:
            self._ids[customer_id] = left[0] if len(left) == 1 else left
        else:
            self._ids.pop(customer_id, None)
