"""Strings that a careless rule gets wrong, and the tiers, units and developers of known ones.

Expected values are worked out by hand from the vendors' descriptions of their bills.
"""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from handlers.catalog import Classified, Sku
from handlers.record import Cloud
from tests.handlers.catalog.corpora import Catalogs, Corpora

UNITS = Path(__file__).parent / "units.csv"

EDITION = "Claude Sonnet 4.6 (Amazon Bedrock Edition)"


def _one(catalogs: Catalogs, cloud: Cloud, sku: Sku) -> Classified:
    return catalogs[cloud].classify([sku])[0]


@pytest.mark.parametrize(
    ("cloud", "service", "sku", "expected"),
    [
        (Cloud.AWS, EDITION, "USE1-MP:USE1_CacheReadInputTokenCount-Units", "cache_read"),
        (Cloud.AWS, EDITION, "USE1-MP:USE1_CacheWrite1hInputTokenCount-Units", "cache_write"),
        (
            Cloud.AWS,
            "Amazon Bedrock",
            "USE1-NovaMicro-Model-Customization-input-tokens",
            "training",
        ),
        (Cloud.AWS, "Amazon Bedrock", "USE1-NovaMicro-input-tokens-custom-model", "input"),
        (Cloud.AWS, "Amazon Bedrock", "USE1-qwen.qwen3-32b-reserved-input-tpm", "provisioned"),
        (Cloud.AZURE, "Foundry Models", "5.6 luna ShortCo Cd Wr Std DZ 1M Tokens", "cache_write"),
        (Cloud.AZURE, "Foundry Models", "5.6 luna ShortCo Cd Inp Std DZ 1M Tokens", "cache_read"),
        (Cloud.AZURE, "Foundry Models", "Phi-4-Input-FT Tokens", "input"),
        (Cloud.AZURE, "Foundry Models", "Phi-4-FT Tokens", "training"),
        (Cloud.GCP, "Vertex AI", "Gemini 2.5 Pro Input Text Caching", "cache_read"),
        (Cloud.GCP, "Vertex AI", "Gemini 3 Flash Text Input Caching Storage", "cache_storage"),
        (
            Cloud.GCP,
            "Gemini API",
            "Generate content output token count gemini 2.5 flash short input text",
            "output",
        ),
    ],
)
def test_what_only_contains_the_word_input_is_not_input(
    cloud: Cloud, service: str, sku: str, expected: str, catalogs: Catalogs
) -> None:
    assert _one(catalogs, cloud, Sku(service=service, sku=sku)).token_type == expected


def test_response_tokens_of_the_marketplace_are_output(catalogs: Catalogs) -> None:
    text = "AWS Marketplace software usage|us-east-1|Million Response Tokens Regional"
    assert _one(catalogs, Cloud.AWS, Sku(service=EDITION, description=text)).token_type == "output"


@pytest.mark.parametrize(
    ("sku", "model"),
    [
        ("Gemini 2.5 Flash Lite Text Input - Predictions", "gemini-2.5-flash-lite"),
        ("Gemini 2.5 Flash Text Input - Predictions", "gemini-2.5-flash"),
        ("Gemini 2.5 Flash Image Text Input - Predictions", "gemini-2.5-flash-image"),
        ("Gemini 2.5 Flash Image Input - Predictions", "gemini-2.5-flash"),
        ("Gemini 3.0 Pro Text Input - Predictions", "gemini-3-pro"),
        ("Gemini 2.0 Flash Text Input - Predictions", "gemini-2.0-flash"),
        ("MedGemma 27B Input Tokens", "medgemma-27b"),
        ("Gemma 2 27B Input Tokens", "gemma-2-27b"),
    ],
)
def test_a_model_name_is_not_cut_short_nor_mixed_with_a_modality(
    sku: str, model: str, catalogs: Catalogs
) -> None:
    assert _one(catalogs, Cloud.GCP, Sku(service="Vertex AI", sku=sku)).model == model


def test_the_same_meter_is_another_model_under_another_product(catalogs: Catalogs) -> None:
    products = ("Azure Grok Models", "Azure OpenAI GPT5", "Azure Deepseek Models")
    found = catalogs[Cloud.AZURE].classify(
        [
            Sku(service="Foundry Models", sku="5.3 Inp glbl Tokens", description=products[0]),
            Sku(service="Foundry Models", sku="5.3 inp Gl 1M Tokens", description=products[1]),
            Sku(service="Foundry Models", sku="R3 Inp glbl Tokens", description=products[2]),
        ]
    )
    assert [row.model for row in found] == ["grok-5.3", "gpt-5.3", "deepseek-r3"]


def test_a_version_nobody_has_heard_of_is_still_named(catalogs: Catalogs) -> None:
    aws = [
        Sku(service="Amazon Bedrock", sku="USE1-Claude7.2Opus-input-tokens"),
        Sku(service="Amazon Bedrock", sku="USE1-openai.gpt-9.1-mantle-input-tokens-standard"),
        Sku(service="Claude Epic 8 (Amazon Bedrock Edition)"),
        Sku(service="Amazon Bedrock", sku="USE1-acme.lantern-2-mantle-output-tokens-flex"),
    ]
    assert [row.model for row in catalogs[Cloud.AWS].classify(aws)] == [
        "claude-opus-7.2",
        "gpt-9.1",
        "claude-epic-8",
        "lantern-2",
    ]
    gemini = Sku(service="Vertex AI", sku="Gemini 7.5 Flash Global Text Input - Predictions")
    assert _one(catalogs, Cloud.GCP, gemini).model == "gemini-7.5-flash"


@pytest.mark.parametrize(
    ("cloud", "sku"),
    [
        (Cloud.AWS, Sku(service="Amazon Elastic Compute Cloud", sku="BoxUsage:p5.48xlarge")),
        (
            Cloud.AWS,
            Sku(service="AmazonS3", sku="TimedStorage-ByteHrs", description="bedrock-logs"),
        ),
        (Cloud.AWS, Sku(service="Amazon SageMaker", sku="USE1-Notebk:ml.t3.medium")),
        (Cloud.AWS, Sku(service="Amazon SageMaker", sku="USE1-FeatureStore:WriteRequestUnits")),
        (Cloud.AWS, Sku(service="Amazon SageMaker", sku="USE1-Zorp:Widget-Hrs")),
        (Cloud.AWS, Sku()),
        (Cloud.AZURE, Sku(service="Virtual Machines", sku="D4s v5", description="gpt-4 fleet")),
        (Cloud.AZURE, Sku(service="SaaS", sku="Pro Hosts", description="Datadog")),
        (Cloud.AZURE, Sku()),
        (Cloud.GCP, Sku(service="BigQuery", service_id="24E6-581D-38E5", sku="Analysis")),
        (Cloud.GCP, Sku(service="Vertex AI", sku="Vertex AI: Workbench Instance Management Fee")),
        (Cloud.GCP, Sku()),
    ],
)
def test_what_is_not_ai_gets_nothing(cloud: Cloud, sku: Sku, catalogs: Catalogs) -> None:
    assert _one(catalogs, cloud, sku) == Classified(sku, is_ai=False)


def test_google_services_are_known_by_their_id_whatever_their_name(catalogs: Catalogs) -> None:
    sku = Sku(
        service_id="C7E2-9256-1C43",
        service="Renamed Platform",
        sku="Gemini 2.5 Pro Text Input - Predictions",
    )
    assert _one(catalogs, Cloud.GCP, sku).model == "gemini-2.5-pro"


def test_a_model_no_rule_names_differs_from_a_bill_that_does_not_say(catalogs: Catalogs) -> None:
    unheard = _one(catalogs, Cloud.AWS, Sku(service="Amazon Bedrock", sku="USE1-Zorp-widgets"))
    unstated = _one(catalogs, Cloud.AWS, Sku(sku="USE1-MP:USE1_InputTokenCount-Units"))
    assert (unheard.is_ai, unheard.model, unheard.rule_id) == (True, "unknown", None)
    assert (unstated.model, unstated.rule_id) == ("unknown", "aws-product-not-stated")


def test_missing_cells_count_as_empty(catalogs: Catalogs) -> None:
    sql = catalogs[Cloud.GCP].classify_sql("skus")
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE skus AS SELECT NULL::VARCHAR AS service_id, 'Vertex AI' AS service,"
            " 'Imagen 4 Generation' AS sku, NULL::VARCHAR AS description, NULL::VARCHAR AS unit,"
            " NULL::VARCHAR AS billing_entity"
        )
        rows = connection.execute(f"SELECT model, token_type, usage_unit FROM ({sql})").fetchall()
    assert rows == [("imagen-4", "image", "images")]


BEDROCK = "Amazon Bedrock"
FOUNDRY = "Foundry Models"


def test_a_billed_quantity_becomes_single_units(catalogs: Catalogs) -> None:
    with UNITS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    wrong: list[str] = []
    for row in rows:
        sku = Sku("", row["service"], row["sku"], row["description"], row["unit"])
        found = _one(catalogs, Cloud(row["cloud"]), sku)
        if (found.usage_unit, found.unit_size) != (row["usage_unit"], Decimal(row["unit_size"])):
            wrong.append(f"{row}: {found.usage_unit}, {found.unit_size}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("cloud", "sku", "tier"),
    [
        (Cloud.AWS, Sku("", BEDROCK, "USE1-Llama3-1-405B-output-tokens-batch"), "batch"),
        (Cloud.AWS, Sku("", EDITION, "USE1-MP:USE1_MillionBatchInputTokens-Units"), "batch"),
        (Cloud.AWS, Sku("", BEDROCK, "USE1-Nova2.0Lite-input-tokens-flex"), "flex"),
        (Cloud.AWS, Sku("", BEDROCK, "USE1-Nova2.0Lite-input-tokens-priority"), "priority"),
        (Cloud.AWS, Sku("", EDITION, "USW2-MP:USW2_Reserved_1Month_InputTPM_Geo"), "provisioned"),
        (Cloud.AWS, Sku("", BEDROCK, "USE1-NovaPro-input-tokens"), "standard"),
        (Cloud.AZURE, Sku("", FOUNDRY, "56sol LoCo Cd Wr Fl Gl", "Azure OpenAI GPT5"), "flex"),
        (Cloud.AZURE, Sku("", FOUNDRY, "5.4 pp inp Gl", "Azure OpenAI GPT5"), "priority"),
        (Cloud.AZURE, Sku("", FOUNDRY, "Flex Megapixel", "Azure BFL Flux Models"), "standard"),
        (
            Cloud.GCP,
            Sku("", "Vertex AI", "Gemini 2.5 Flash Text Input - Batch Predictions"),
            "batch",
        ),
        (Cloud.GCP, Sku("", "Vertex AI", "Gemini 3 Flash Text Input Flex - Predictions"), "flex"),
    ],
)
def test_the_tier_says_how_capacity_was_bought(
    cloud: Cloud, sku: Sku, tier: str, catalogs: Catalogs
) -> None:
    assert _one(catalogs, cloud, sku).service_tier == tier


def test_claude_units_name_the_developer_though_not_the_model(catalogs: Catalogs) -> None:
    sku = Sku("", "Marketplace", "Claude Consumption Unit", "Anthropic Marketplace offer")
    found = _one(catalogs, Cloud.AZURE, sku)
    assert (found.model, found.model_developer) == ("unknown", "anthropic")


@pytest.mark.parametrize("cloud", Cloud)
def test_every_named_model_of_the_corpora_has_a_developer(
    cloud: Cloud, corpora: Corpora, catalogs: Catalogs
) -> None:
    made_up = {"acme-lantern-2", "lantern-2", "model-router"}
    found = catalogs[cloud].classify([row.sku for row in corpora[cloud]])
    nobody = {
        row.model
        for row in found
        if row.is_ai and row.model_developer == "unknown" and row.model != "unknown"
    }
    assert nobody <= made_up
