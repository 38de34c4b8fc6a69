"""A customer as a console holds it: there is one for nearly every job, and few are ever looked at whole."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Self

import msgspec

from services.domain.columns import Row, decoded, encoded, shared, text
from services.domain.records import Customer

_NAMED: Final = ("id", "customer_id", "business_name", "email")


class CustomerRow(msgspec.Struct, frozen=True, gc=False):
    """What lists show and search of a `Customer`; `whole` gives all of it."""

    TABLE: ClassVar = Customer.TABLE
    SELDOM: ClassVar = tuple(name for name in Customer.__struct_fields__ if name not in _NAMED)
    """Columns that only a run for this customer needs: most of its memory."""
    id: str
    customer_id: str = ""
    business_name: str = ""
    email: str = ""
    seldom: bytes = b"{}"
    """Those of the columns in `SELDOM` that say something, as JSON."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        seldom = {name: value for name in cls.SELDOM if (value := text(row.get(name)))}
        number, name, email = (text(row.get(one)) for one in _NAMED[1:])
        return cls(shared(row.get("id")), number, name, email, encoded(seldom))

    def seldom_columns(self) -> dict[str, Any]:
        """The columns in `SELDOM` as a row has them."""
        return {**dict.fromkeys(self.SELDOM, ""), **decoded(self.seldom)}

    def whole(self) -> Customer:
        """All that is known of the customer."""
        named = {name: getattr(self, name) for name in _NAMED}
        return Customer.from_row({**named, **decoded(self.seldom)})
