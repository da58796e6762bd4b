"""Requests as Pub/Sub pushes them: https://docs.cloud.google.com/pubsub/docs/push#receive_push."""

import base64
import json
from collections.abc import Mapping

NUMBER = "2070443601311540"
"""A message's id."""


def push(message: bytes | Mapping[str, object], attempt: int = 1, number: str = NUMBER) -> bytes:
    """The body of a push, as Pub/Sub writes it: most names twice, in two spellings."""
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    envelope: dict[str, object] = {
        "deliveryAttempt": attempt,
        "message": {
            "attributes": {},
            "data": base64.b64encode(data).decode(),
            "messageId": number,
            "message_id": number,
            "publishTime": "2026-11-24T03:00:00.749Z",
            "publish_time": "2026-11-24T03:00:00.749Z",
        },
        "subscription": "projects/hub-project/subscriptions/aws-daily-etl",
    }
    return json.dumps(envelope).encode()


def headers(token: str) -> dict[str, str]:
    """What Pub/Sub sends along."""
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "From": "noreply@google.com",
        "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
        "X-Cloud-Trace-Context": "105445aa7843bc8bf206b12000100000/1",
    }
