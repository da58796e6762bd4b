"""CSV text of any shape whose cells are known, for readers to be held against."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

LINE_ENDS = ("\n", "\r\n")


@dataclass(frozen=True)
class CsvText:
    """A table as text; ``rows`` are its cells, ``costs`` the amounts in its last columns."""

    text: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def content(self) -> bytes:
        return self.text.encode()


def rendered(cell: str, quoted: bool) -> str:
    """A cell as RFC 4180 writes it."""
    if quoted or any(mark in cell for mark in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


WORDS = st.text(alphabet=st.sampled_from("a1é \N{ROCKET},\"\n\r;'"), max_size=8)
AMOUNTS = st.one_of(
    st.decimals(-(10**12), 10**12, places=9).map(lambda value: format(value, "f")),
    st.from_regex(r"[+-]?[0-9]{1,6}(\.[0-9]{0,6})?([eE][+-]?[0-9])?", fullmatch=True),
    st.from_regex(r"[+-]?\.[0-9]{1,9}(E-0[0-9])?", fullmatch=True),
)


@st.composite
def csv_texts(
    draw: st.DrawFn, amounts: int, names: Sequence[str] = ("first", "second", "third", "fourth")
) -> CsvText:
    """Tables whose last ``amounts`` names hold amounts, in a drawn order of columns.

    Of a line's amounts all but the last may be empty.
    """
    order = draw(st.permutations(names))
    costs = names[len(names) - amounts :]
    end = draw(st.sampled_from(LINE_ENDS))
    lines = [",".join(rendered(name, draw(st.booleans())) for name in order)]
    rows: list[tuple[str, ...]] = []
    for _ in range(draw(st.integers(0, 6))):
        cells: dict[str, str] = {name: draw(WORDS) for name in names}
        cells |= {name: draw(st.just("") | AMOUNTS) for name in costs[:-1]}
        cells[costs[-1]] = draw(AMOUNTS)
        rows.append(tuple(cells[name] for name in order))
        lines.append(",".join(rendered(cell, draw(st.booleans())) for cell in rows[-1]))
    text = end.join(lines) + draw(st.sampled_from(("", end) if rows else (end,)))
    return CsvText(draw(st.sampled_from(("", "\ufeff"))) + text, tuple(order), tuple(rows))
