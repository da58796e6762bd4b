"""Small changes to a module that its tests should notice: one operator, constant or result each."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    """A changed module: ``line`` of the original, what stood there and what stands there now."""

    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  ->  {self.after}"


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module's text, one change each."""
    for number in range(sum(1 for _ in ast.walk(ast.parse(source)))):
        tree = ast.parse(source)
        node = list(ast.walk(tree))[number]
        for before, after in _changes(node):
            yield Mutant(getattr(node, "lineno", 0), before, after, ast.unparse(tree))


def _changes(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Change ``node`` in place, one way after the other, and put it back."""
    match node:
        case ast.Compare() if len(node.ops) == 1 and type(node.ops[0]) in _COMPARED:
            before, was = ast.unparse(node), node.ops[0]
            node.ops[0] = _COMPARED[type(was)]()
            yield before, ast.unparse(node)
            node.ops[0] = was
        case ast.BinOp() if type(node.op) in _COMPUTED and not _is_type(node):
            before, operator = ast.unparse(node), node.op
            node.op = _COMPUTED[type(operator)]()
            yield before, ast.unparse(node)
            node.op = operator
        case ast.BoolOp():
            before, sign = ast.unparse(node), node.op
            node.op = ast.Or() if isinstance(sign, ast.And) else ast.And()
            yield before, ast.unparse(node)
            node.op = sign
        case ast.IfExp() | ast.If() | ast.While():
            before, test = ast.unparse(node.test), node.test
            node.test = ast.UnaryOp(ast.Not(), test)
            yield before, ast.unparse(node.test)
            node.test = test
        case ast.Constant(value=bool() | int() | float()):
            before, value = ast.unparse(node), node.value
            node.value = not value if isinstance(value, bool) else value + 1  # pyright: ignore[reportOperatorIssue]
            yield before, ast.unparse(node)
            node.value = value
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            before = ast.unparse(node)
            node.value = ast.Constant(None)
            yield before, ast.unparse(node)
            node.value = value
        case _:
            return


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_type(node: ast.BinOp) -> bool:
    """Text put together: taking one from the other is no mistake that anybody makes."""
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )
