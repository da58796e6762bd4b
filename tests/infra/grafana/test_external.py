import json
from decimal import Decimal
from typing import Any

from dashboards.alerting import queries_a_month
from dashboards.documents import documents
from dashboards.notification import MESSAGE, TITLE, template
from handlers.alerts import rules
from infra.cost import estimate, read_prices
from infra.recording import KEY_FILE, Recording, record
from tests.infra.grafana.parts import (
    HUB,
    READER,
    external,
    is_secret,
    one,
    previewed,
    recorded_external,
)

FOLDER = "grafana:oss/folder:Folder"
SOURCE = "grafana:oss/dataSource:DataSource"
DASHBOARD = "grafana:oss/dashboard:Dashboard"
RULES = "grafana:alerting/ruleGroup:RuleGroup"
CONTACT = "grafana:alerting/contactPoint:ContactPoint"
TEMPLATE = "grafana:alerting/messageTemplate:MessageTemplate"


def source_settings(found: Recording) -> dict[str, Any]:
    return json.loads(one(found, SOURCE).inputs["jsonDataEncoded"])


def test_every_dashboard_that_is_built_is_in_the_folder_as_it_was_built() -> None:
    found = recorded_external()
    shown = {
        json.loads(each.inputs["configJson"])["uid"]: each for each in found.of_type(DASHBOARD)
    }
    assert {uid: json.loads(each.inputs["configJson"]) for uid, each in shown.items()} == {
        uid: json.loads(text) for uid, text in documents(HUB).items()
    }
    folder = one(found, FOLDER)
    assert (folder.inputs["uid"], folder.inputs["title"]) == ("ai-cost", "AI costs")
    for dashboard in shown.values():
        assert dashboard.inputs["folder"] == "ai-cost"
        assert one(found, SOURCE).urn in dashboard.dependencies


def test_the_data_source_reads_the_hub_where_it_is_and_only_so_much() -> None:
    said = source_settings(recorded_external())
    assert said["defaultProject"] == "demo-costs"
    assert said["processingLocation"] == "EU"
    assert 0 < said["MaxBytesBilled"] <= 10 * 1024**3
    assert (said["usingImpersonation"], said["serviceAccountToImpersonate"]) == (True, READER)


def test_a_key_reaches_the_data_source_as_a_secret_and_nothing_else_of_it_does() -> None:
    found = recorded_external()
    said = source_settings(found)
    assert said["authenticationType"] == "jwt"
    assert said["clientEmail"] == KEY_FILE["client_email"]
    assert said["tokenUri"] == KEY_FILE["token_uri"]
    secret = one(found, SOURCE).inputs["secureJsonDataEncoded"]
    assert is_secret(secret)
    assert json.loads(secret["value"]) == {"privateKey": KEY_FILE["private_key"]}
    in_clear = [each.inputs for each in found.resources if each.type != SOURCE]
    assert KEY_FILE["private_key"] not in json.dumps([*in_clear, said])


def test_the_keys_account_can_act_as_the_reader_and_nothing_else() -> None:
    found = recorded_external()
    grants = [each for each in found.resources if "IAMMember" in each.type]
    (grant,) = grants
    assert grant.type == "gcp:serviceaccount/iAMMember:IAMMember"
    assert grant.inputs["role"] == "roles/iam.serviceAccountTokenCreator"
    assert grant.inputs["serviceAccountId"] == f"projects/demo-costs/serviceAccounts/{READER}"
    assert one(found, "gcp:serviceaccount/key:Key").inputs["keepers"] == {"rotation": "2026-11"}


def test_a_grafana_in_google_cloud_needs_no_key() -> None:
    found = recorded_external(with_key=False)
    assert source_settings(found)["authenticationType"] == "gce"
    assert "secureJsonDataEncoded" not in one(found, SOURCE).inputs
    assert found.of_type("gcp:serviceaccount/key:Key") == []


def test_every_rule_is_in_the_folder_and_asks_the_data_source() -> None:
    group = one(recorded_external(), RULES).inputs
    assert (group["folderUid"], group["intervalSeconds"]) == ("ai-cost", 86400)
    assert [rule["labels"]["rule"] for rule in group["rules"]] == [rule.id for rule in rules()]
    for rule in group["rules"]:
        asked = {data["refId"]: data["datasourceUid"] for data in rule["datas"]}
        number = {"A": "ai-cost-hub", "B": "__expr__", "C": "__expr__"}
        dollars = {"D": "ai-cost-hub", "E": "__expr__"}
        assert asked == (number | dollars if "D" in asked else number)
        assert rule["condition"] == "C"
        assert rule["execErrState"] == "Error"
        assert {key for data in rule["datas"] for key in data["relativeTimeRange"]} == {
            "from",
            "to",
        }


def test_what_the_daily_evaluation_costs_is_in_the_plan() -> None:
    found = recorded_external()
    (usage,) = read_prices().usages_of(one(found, RULES))
    assert usage.price.name == "bigquery-query"
    assert str(queries_a_month(HUB) // 30) == usage.assumption.partition(" ")[0]
    (item,) = (each for each in estimate(found, read_prices()).items if each.usage == usage)
    # 20 questions of 50 MiB on 30.4 days: 29.7 GiB of a TiB that costs 6.25 USD.
    assert Decimal("0.15") < item.usd < Decimal("0.20")


def test_rules_tell_everyone_who_is_to_be_told_and_leave_grafanas_policies_alone() -> None:
    found = recorded_external()
    contact = one(found, CONTACT).inputs
    (mail,), (hook,) = contact["emails"], contact["webhooks"]
    assert mail["addresses"] == ["a@example.com", "b@example.com"]
    assert "https://hooks.example.com/T0/part" in json.dumps(hook)
    assert found.of_type("grafana:alerting/notificationPolicy:NotificationPolicy") == []
    for rule in one(found, RULES).inputs["rules"]:
        assert rule["notificationSettings"]["contactPoint"] == "AI costs"


def test_what_is_sent_is_written_by_the_template_which_is_there_first() -> None:
    found = recorded_external()
    made = one(found, TEMPLATE)
    assert made.inputs["template"] == template()
    contact = one(found, CONTACT)
    assert made.urn in contact.dependencies
    (mail,), (hook,) = contact.inputs["emails"], contact.inputs["webhooks"]
    assert (mail["subject"], mail["message"]) == (TITLE, MESSAGE)
    assert (hook["title"], hook["message"]) == (TITLE, MESSAGE)


def test_a_runbook_is_a_link_where_the_repository_can_be_read() -> None:
    url = "https://code.example.com/acme/costs/blob/main/"
    told = one(recorded_external(docs_url=url), RULES).inputs["rules"][0]["annotations"]
    assert told["runbook_url"] == f"{url}docs/runbooks/alerts.md#stale-data"
    told = one(recorded_external(), RULES).inputs["rules"][0]["annotations"]
    assert told["runbook"] == "docs/runbooks/alerts.md#stale-data"
    assert "runbook_url" not in told


def test_nobody_to_tell_makes_no_contact_point() -> None:
    found = recorded_external(notify=())
    assert found.of_type(CONTACT) == found.of_type(TEMPLATE) == []
    for rule in one(found, RULES).inputs["rules"]:
        assert "notificationSettings" not in rule


def test_only_addresses_of_mail_make_no_webhook() -> None:
    contact = one(recorded_external(notify=("mailto:a@example.com",)), CONTACT).inputs
    assert contact.get("webhooks", []) == []


def test_everything_has_a_parent_a_provider_and_registered_outputs() -> None:
    for found in (recorded_external(), previewed(external)):
        for each in found.resources:
            if each.is_provider:
                continue
            if each.custom:
                assert "ai-cost-monitoring:grafana:" in each.parent, each.urn
                assert each.provider, each.urn
            else:
                assert each.urn in found.registered_outputs


def test_a_second_run_registers_the_same_bytes() -> None:
    first, second = recorded_external(), record(external, {})
    assert {each.urn: each.inputs for each in first.resources} == {
        each.urn: each.inputs for each in second.resources
    }
