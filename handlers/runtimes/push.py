"""A Pub/Sub push request: its envelope.

https://docs.cloud.google.com/pubsub/docs/push#receive_push: a POST of JSON, the data in base64.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from handlers.messages import LARGEST, MessageError

LARGEST_ENVELOPE = 2 * LARGEST + 8 * 1024
"""Bytes: base64 makes a message a third longer, attributes and names come on top."""


@dataclass(frozen=True)
class Pushed:
    """A message as it was pushed; ``attempt`` counts from 1 and is None without a dead letter."""

    data: bytes
    message_id: str
    attempt: int | None


def read_envelope(body: bytes) -> Pushed:
    """The message in ``body``; keys that Google adds to the envelope one day do not matter.

    Raises:
        MessageError: it is not such an envelope.
    """
    try:
        envelope: object = json.loads(body)
    except (ValueError, RecursionError):
        raise MessageError("The request's body is not JSON: allowed is a Pub/Sub push.") from None
    message = _object(envelope, "message")
    data = message.get("data")
    if not isinstance(data, str) or not data:
        raise MessageError('The push has no data: a message is an object like {"run": "daily"}.')
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise MessageError("The push's data is not base64.") from None
    attempt = cast(Mapping[str, object], envelope).get("deliveryAttempt")
    return Pushed(
        decoded,
        str(message.get("messageId", ""))[:80],
        attempt if isinstance(attempt, int) else None,
    )


def _object(envelope: object, key: str) -> Mapping[str, object]:
    inner = cast(Mapping[str, object], envelope).get(key) if isinstance(envelope, dict) else None
    if not isinstance(inner, dict):
        raise MessageError(f"The request's body has no '{key}': allowed is a Pub/Sub push.")
    return cast(Mapping[str, object], inner)
