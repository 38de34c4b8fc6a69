"""A customer as a console holds it: there is one for nearly every job, and few are ever looked at whole."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import msgspec

from services.domain.columns import Row, decoded, encoded, shared, text
from services.domain.records import Customer
from services.domain.text import seen


class CustomerRow(msgspec.Struct, frozen=True, gc=False):
    """What lists show and search of a `Customer`; `whole` gives all of it."""

    TABLE: ClassVar = Customer.TABLE
    SELDOM: ClassVar = Customer.__struct_fields__[1:]
    """Columns that can't be read from the record one by one."""
    id: str
    business_name: str = ""
    folded: str = "\n\n"
    """Name, e-mail and public number in lower case, a line each: what a search looks at, and how names sort. Where it
    tells how the last two are spelt, as it nearly always does, they aren't held once more."""
    seldom: bytes = b"{}"
    """The other columns that say something, as JSON."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        columns = {one: text(row.get(one)) for one in cls.SELDOM}
        name = columns["business_name"]
        folded = "\n".join((seen(name), columns["email"], columns["customer_id"])).lower()
        told = {"business_name": name, **_spelt(folded)}
        seldom = {one: value for one, value in columns.items() if value != told.get(one, "")}
        return cls(shared(row.get("id")), name, folded, encoded(seldom))

    @property
    def email(self) -> str:
        """Where the customer is written to."""
        return str(self.seldom_columns()["email"])

    @property
    def customer_id(self) -> str:
        """The public number, such as DIR-20261123-AB12CD."""
        return str(self.seldom_columns()["customer_id"])

    def has_number(self, number: str) -> bool:
        """Whether this is the public number; quick, for a look at very many."""
        return self.folded.endswith("\n" + number.lower()) and self.customer_id == number

    def seldom_columns(self) -> dict[str, Any]:
        """The columns in `SELDOM` as a row has them."""
        named = {"business_name": self.business_name, **_spelt(self.folded)}
        return {**dict.fromkeys(self.SELDOM, ""), **named, **decoded(self.seldom)}

    def whole(self) -> Customer:
        """All that is known of the customer."""
        return Customer(self.id, **self.seldom_columns())


def _spelt(folded: str) -> dict[str, str]:
    """E-mail and number as they are spelt by most."""
    email, number = ("", "", *folded.rsplit("\n", 2))[-2:]
    return {"email": email, "customer_id": number.upper()}
