"""Previews written by hand, in the shape that pulumi 3.259 prints."""

import json
from collections.abc import Mapping
from typing import Any

PREFIX = "urn:pulumi:prod::ai-cost-monitoring::ai-cost-monitoring:gcp:Warehouse$"
PROVIDER = "urn:pulumi:prod::ai-cost-monitoring::pulumi:providers:gcp::gcp::1234"
DATASET = "gcp:bigquery/dataset:Dataset"
TOPIC = "gcp:pubsub/topic:Topic"
LABELS = {"managed-by": "ai-cost-monitoring"}

Json = dict[str, Any]


def state(type_: str, name: str, inputs: Mapping[str, object], *, protect: bool = False) -> Json:
    return {
        "urn": f"{PREFIX}{type_}::{name}",
        "custom": True,
        "type": type_,
        "inputs": dict(inputs),
        "provider": PROVIDER,
        "protect": protect,
    }


def step(op: str, before: Json | None, after: Json | None, **more: object) -> Json:
    found = {"oldState": before, "newState": after}
    urn = (after or before or {})["urn"]
    return {"op": op, "urn": urn, **{name: each for name, each in found.items() if each}, **more}


def document(*steps: Json, **more: object) -> str:
    counts: dict[str, int] = {}
    for each in steps:
        counts[each["op"]] = counts.get(each["op"], 0) + 1
    return json.dumps({"config": {}, "steps": steps, "changeSummary": counts, **more})


def dataset(*, protect: bool = True, **inputs: object) -> Json:
    said = {"datasetId": "costs", "location": "US", "labels": LABELS, **inputs}
    return state(DATASET, "warehouse-dataset", said, protect=protect)


def topic(**inputs: object) -> Json:
    return state(TOPIC, "hub-job-topic", {"name": "hub", "labels": LABELS, **inputs})
