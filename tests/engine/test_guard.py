"""What the real engine previews, judged."""

import pytest

from infra.cost import read_prices
from infra.guard.comment import comment
from infra.guard.judge import judge
from infra.guard.preview import Op, Preview, read_preview
from tests.engine.conftest import NewStack
from tests.engine.phase1 import TOKEN, new_environment
from tests.engine.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

SECRETS = {"grafana_token"}


@pytest.fixture(scope="module")
def made(new_stack: NewStack) -> Stack:
    stack = new_environment(new_stack)
    stack.up()
    return stack


def previewed(stack: Stack, **changes: object) -> Preview:
    """What the engine shows for a stack's file with these changes, which are taken back."""
    stack.configure(changes)
    try:
        return read_preview(stack.preview_text("--show-sames"))
    finally:
        stack.configure(dict.fromkeys(changes))


def test_the_first_preview_of_an_environment_is_let_through(new_stack: NewStack) -> None:
    preview = read_preview(new_environment(new_stack).preview_text("--show-sames"))
    assert {change.op for change in preview.changes} == {Op.CREATE}
    verdict = judge(preview, SECRETS)
    assert verdict.refusals == ()
    text = comment(preview, verdict, read_prices())
    assert "Estimated cost at list prices: 0.00 to " in text
    assert TOKEN not in text
    boards = [
        change for change in preview.changes if change.type == "grafana:oss/dashboard:Dashboard"
    ]
    assert len([line for line in text.splitlines() if line.startswith("- create `")]) == len(boards)
    assert "- create `Multi-Cloud Overview`" in text


def test_renaming_a_dataset_is_refused_for_each_table_in_it(made: Stack) -> None:
    preview = previewed(made, gcp_dataset="other_costs")
    names = {refusal.name for refusal in judge(preview, SECRETS).refusals}
    assert {"warehouse-dataset", "warehouse-aws_llm_costs", "warehouse-ledger"} <= names
    assert "" not in names, "what the engine says of protection is said by name"


def test_a_label_on_everything_is_let_through(made: Stack) -> None:
    preview = previewed(made, labels={"team": "ai"})
    assert preview.of(Op.UPDATE)
    assert judge(preview, SECRETS).refusals == ()
