"""Whose a bill is: the names of scopes, and the check that a bill is that of its scope."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from handlers.errors import BillError, Place
from handlers.quoting import literal, quoted
from handlers.sources import Check, Layout, Reading
from handlers.sources.columns import Columns, folded, load_spellings
from handlers.sources.formats import FileFormat
from handlers.sources.parts import Part

EXPORT_RESOURCE = re.compile(r"/providers/microsoft\.costmanagement/.*", re.IGNORECASE)
"""What follows a scope's id in the id of an export of it."""

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_NAMED_IN: Mapping[str, tuple[str, ...]] = {
    "subscriptions": ("SubscriptionId", "SubscriptionGuid", "SubAccountId"),
    "billingaccounts": ("BillingAccountId", "x_BillingAccountId"),
    "billingprofiles": ("BillingProfileId", "BillingAccountId", "x_BillingProfileId"),
}
"""The columns that name a scope, by its kind; a department, an invoice section or a management
group is in no column."""


def scope_name(resource: str) -> str:
    """The last identifier of the resource that is billed; a resource group with its subscription.

    Subscriptions, billing accounts (enrollments) and billing profiles have one of their own:
    https://learn.microsoft.com/azure/cost-management-billing/costs/understand-work-scopes
    """
    path = EXPORT_RESOURCE.sub("", resource).strip("/").split("/")
    named = path[-3::2] if path[-2:-1] and path[-2].lower() == "resourcegroups" else path[-1:]
    return _GUID.sub(lambda match: match[0].lower(), "/".join(named))


def holders_of(scope_id: str) -> frozenset[str]:
    """The names of the scopes that hold ``scope_id``, as far as its own path tells."""
    path = scope_id.strip("/").split("/")
    holders = ("/".join(path[:end]) for end in range(len(path) - 2, 0, -2))
    return frozenset(scope_name(holder) for holder in holders if _kind(holder) in _NAMED_IN)


def scopes_in(line: Mapping[str, str]) -> frozenset[str]:
    """The scopes that a line, text by column, is in: subscription, billing profile and account."""
    wanted = frozenset(map(folded, scope_columns()))
    found = (scope_name(cell) for name, cell in line.items() if folded(name) in wanted)
    return frozenset(filter(None, found))


def scope_columns() -> tuple[str, ...]:
    """The columns that name a scope, the widest first."""
    spellings = load_spellings("handlers.sources.azure")
    return spellings["details"]["scope"] + spellings["focus"]["scope"]


@dataclass(frozen=True)
class OwnLayout:
    """``layout``, for a bill that must be that of ``scope_id`` (a resource id).

    A line that names another scope is refused; one that names none, as charges for a whole
    billing account name no subscription, is not.
    """

    scope_id: str
    layout: Layout

    def __call__(self, part: Part, columns: Mapping[str, str], file_format: FileFormat) -> Reading:
        """See ``Layout``.

        Raises:
            BillError: as the layout, or no column says whose bill it is.
        """
        reading = self.layout(part, columns, file_format)
        spellings = _NAMED_IN.get(_kind(self.scope_id))
        if spellings is None:
            return reading
        names = Columns(columns, {"scope": spellings}, str(part)).find_all("scope")
        if not names:
            raise BillError(
                Place(str(part), 1, spellings[0]),
                "The bill does not say whose it is.",
                f"Export it with the column '{spellings[0]}'.",
            )
        return replace(reading, checks=(*reading.checks, self._check(names)))

    def _check(self, names: tuple[str, ...]) -> Check:
        own = literal(f"/{scope_name(self.scope_id).lower()}/")
        cells = [f"COALESCE(lower(CAST({quoted(name)} AS VARCHAR)), '')" for name in names]
        named = [f"contains('/' || {cell} || '/', {own})" for cell in cells]
        nowhere = " AND ".join(f"{cell} = ''" for cell in cells)
        return Check(
            names[0],
            f"({' OR '.join(named)}) OR ({nowhere})",
            f"is not '{scope_name(self.scope_id)}', whose bill this should be.",
            "The export was written for another scope: give each scope a folder of its own, and"
            " name the scope that was exported.",
        )


def _kind(scope_id: str) -> str:
    """What kind of thing a resource id names: ``subscriptions``, ``billingaccounts``, ..."""
    path = scope_id.strip("/").lower().split("/")
    return path[-2] if len(path) > 1 else ""
