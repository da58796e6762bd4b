"""Which path a customer's costs are served from while an environment changes its warehouses.

The hub's own loads fill one path. A cloud's own warehouse publishes to the hub on the other, the
native one. ``serving_cut`` says which of the two counts for a customer; Google's bill has one path
only, whatever it says.
"""

from collections.abc import Mapping
from enum import StrEnum

from handlers.record import Cloud


class Path(StrEnum):
    """The way a bill comes to the hub's tables."""

    HUB = "hub"
    NATIVE = "native"


HUB_WAREHOUSE = "hub"
"""What the column ``warehouse`` holds in rows that the hub's own loads wrote."""

NATIVE_WAREHOUSES: Mapping[Cloud, str] = {Cloud.AWS: "redshift", Cloud.AZURE: "azuresql"}
"""What it holds in rows that a cloud's own warehouse published."""

EVERYONE_ELSE = "*"
"""The ``customer_key`` of the row for customers that have none; without it they are on the hub."""
