import pytest

from infra.guard.judge import judge
from infra.guard.preview import read_preview
from tests.infra.guard.previews import dataset, document, state, step, topic

SECRETS = {"grafana_token"}


def refusals(text: str) -> list[str]:
    return [str(each) for each in judge(read_preview(text), SECRETS).refusals]


def test_a_change_in_place_is_let_through() -> None:
    assert refusals(document(step("update", topic(), topic(name="other")))) == []


@pytest.mark.parametrize("protect", [True, False])
def test_deleting_what_holds_data_is_refused_by_name_protected_or_not(protect: bool) -> None:
    (said,) = refusals(document(step("delete", dataset(protect=protect), None)))
    assert said.startswith(
        "warehouse-dataset: It is protected or holds data, and would be deleted."
    )


def test_deleting_what_is_protected_is_refused_whatever_it_is() -> None:
    protected = {**topic(), "protect": True}
    assert len(refusals(document(step("delete", protected, None)))) == 1


@pytest.mark.parametrize("op", ["replace", "create-replacement", "delete-replaced"])
def test_replacing_what_holds_data_is_refused_with_what_makes_it_so(op: str) -> None:
    after = dataset(location="EU")
    text = document(step(op, dataset(), after, replaceReasons=["location"]))
    (said,) = refusals(text)
    assert "would be made anew, for location changes" in said


def test_the_steps_of_one_replacement_are_one_refusal() -> None:
    text = document(
        step("create-replacement", dataset(), dataset(location="EU"), replaceReasons=["location"]),
        step("replace", dataset(), dataset(location="EU")),
        step("delete-replaced", dataset(), None),
    )
    assert len(refusals(text)) == 1


def test_what_holds_no_data_may_go_and_be_replaced() -> None:
    text = document(
        step("replace", topic(), topic(name="x"), replaceReasons=["name"]),
        step("delete", state("gcp:pubsub/subscription:Subscription", "push", {}), None),
    )
    assert refusals(text) == []


def test_a_secret_in_the_stacks_file_is_refused_and_its_value_is_not_repeated() -> None:
    key = "ai-cost-monitoring:grafana_token"
    (said,) = refusals(document(step("same", topic(), topic()), config={key: "glsa_plain"}))
    assert "grafana_token stands in plain text" in said
    assert "pulumi config set --secret grafana_token" in said
    assert "glsa_plain" not in said
    assert refusals(document(step("same", topic(), topic()), config={key: "[secret]"})) == []


def test_a_secret_among_the_inputs_is_refused_and_a_masked_one_is_not() -> None:
    plain, masked = topic(password="hunter2"), topic(password="[secret]")
    (said,) = refusals(document(step("create", None, plain)))
    assert said.startswith("hub-job-topic: 'password' is in plain text.")
    assert "hunter2" not in said
    assert refusals(document(step("create", None, masked))) == []


def test_a_breach_of_a_policy_is_refused_by_the_resource() -> None:
    unlabelled = topic(labels={})
    (said,) = refusals(document(step("create", None, unlabelled)))
    assert said.startswith("hub-job-topic: ")
    assert "managed-by" in said


def test_a_preview_that_failed_is_refused_with_the_reason() -> None:
    said = [{"severity": "error", "message": "error: the login has expired\nmore"}]
    text = document(step("same", topic(), topic()), diagnostics=said)
    assert refusals(text) == ["The preview failed: the login has expired"]


def test_what_the_engine_says_of_a_protected_resource_is_said_once() -> None:
    message = f'unable to replace resource "{dataset()["urn"]}" as it is marked for protection'
    text = document(
        step("replace", dataset(), dataset(location="EU"), replaceReasons=["location"]),
        diagnostics=[{"severity": "error", "message": message}],
    )
    assert len(refusals(text)) == 1
