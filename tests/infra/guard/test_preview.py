import json

import pytest

from infra.guard.preview import Op, PreviewUnreadable, read_preview
from tests.infra.guard.previews import document, step, topic


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("Previewing update (prod)", "is not JSON"),
        ("[]", "that is not an object"),
        ("{}", "no list 'steps'"),
        ('{"steps": 1}', "no list 'steps'"),
        ('{"steps": ["x"]}', "a step that is not an object"),
        ('{"steps": []}', "shows no resource"),
        ('{"steps": [{"op": "explode", "urn": "u"}]}', "a step 'explode'"),
        ('{"steps": [{"op": "same", "urn": "u"}]}', "'u', which is no URN"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_preview_is_refused_with_what_was_found(text: str, said: str) -> None:
    with pytest.raises(PreviewUnreadable, match=said):
        read_preview(text)


def test_a_preview_without_what_stays_says_how_to_make_one_with_it() -> None:
    text = document(
        step("update", topic(), topic(name="x")), changeSummary={"same": 9, "update": 1}
    )
    with pytest.raises(PreviewUnreadable, match=r"leaves out 9 .* --show-sames"):
        read_preview(text)


def test_the_reason_of_a_preview_that_shows_nothing_is_told() -> None:
    failed = {
        "steps": [],
        "diagnostics": [{"severity": "error", "message": "error: no such stack"}],
    }
    with pytest.raises(PreviewUnreadable, match="It failed: no such stack"):
        read_preview(json.dumps(failed))


def test_what_changes_is_found_where_the_engine_does_not_say_it() -> None:
    preview = read_preview(
        document(step("update", topic(), topic(name="x", extra=1)), step("create", None, topic()))
    )
    assert preview.stack == "prod"
    (change,) = preview.changes
    assert (change.op, change.properties) == (Op.UPDATE, ("extra", "name"))
    assert (change.type, change.name) == ("gcp:pubsub/topic:Topic", "hub-job-topic")


def test_a_preview_with_refresh_says_what_it_would_do_after_its_look() -> None:
    preview = read_preview(
        document(step("refresh", topic(), topic()), step("update", topic(), topic(name="x")))
    )
    assert [change.op for change in preview.changes] == [Op.UPDATE]
