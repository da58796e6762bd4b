"""Whether both paths of an environment made the same of the same bill.

A cloud's own warehouse publishes what each of its loads wrote, as digests, beside those of the
hub's own loads. A load's id is that of the bill's version under the rules and site data of the
time, the same on both paths, so that what is compared is one version, even if one path has moved on
since.
"""

from handlers.parity.books import Books, Day, green_days
from handlers.parity.compare import BillParity, Difference, Figures, Load, Status, compare

__all__ = [
    "BillParity",
    "Books",
    "Day",
    "Difference",
    "Figures",
    "Load",
    "Status",
    "compare",
    "green_days",
]
