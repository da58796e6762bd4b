"""Rows of a wide table: most cells follow from the SKU and the place, a few from the line."""

from collections.abc import Callable, Mapping, Sequence

from handlers.sample.charges import Charge

Fixed = Callable[[Charge], Mapping[str, str]]


class Rows:
    """Builds rows of text cells for one file layout.

    ``fixed`` gives the cells that every line of one SKU in one place and charge type shares; it
    is asked once for each such triple.
    """

    def __init__(self, columns: Sequence[str], fixed: Fixed) -> None:
        self.columns = columns
        self._at = {name: number for number, name in enumerate(columns)}
        self._fixed = fixed
        self._templates: dict[tuple[int, int, str], list[str]] = {}

    def row(self, charge: Charge, cells: Mapping[str, str]) -> list[str]:
        """One row: the shared cells and these."""
        key = (id(charge.sku), id(charge.place), charge.charge_type)
        template = self._templates.get(key)
        if template is None:
            template = [""] * len(self.columns)
            for name, cell in self._fixed(charge).items():
                template[self._at[name]] = cell
            self._templates[key] = template
        row = template.copy()
        for name, cell in cells.items():
            row[self._at[name]] = cell
        return row
