"""What S3 says of an object's content, held against what arrived.

botocore compares checksums of whole answers only, and of those that S3 makes by itself today
(CRC-64/NVME) none without a package of its own. So what is stated is compared here over all that
arrived, however often the connection broke: CRC-32 of the whole object, and the ETag where it is
the content's MD5. It is not for an object that was uploaded in parts or encrypted by a key of one's
own: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
"""

import base64
import hashlib
import re
import zlib
from collections.abc import Mapping
from typing import Any

_MD5 = re.compile(r'"([0-9a-f]{32})"')
_S3_MANAGED = (None, "AES256")
_WHOLE = (None, "FULL_OBJECT")


class Integrity:
    """What ``answer``, of a GET with ChecksumMode, states of the whole object."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._crc32 = _crc32_of(answer)
        self._md5 = _md5_of(answer)
        self._arrived_crc32 = 0
        self._arrived_md5 = hashlib.md5(usedforsecurity=False)

    def take(self, block: bytes) -> None:
        """Count in what arrived next."""
        if self._crc32 is not None:
            self._arrived_crc32 = zlib.crc32(block, self._arrived_crc32)
        if self._md5 is not None:
            self._arrived_md5.update(block)

    @property
    def holds(self) -> bool:
        """Whether all that arrived is what is stated; True where nothing is."""
        return self._crc32 in (None, self._arrived_crc32) and self._md5 in (
            None,
            self._arrived_md5.hexdigest(),
        )


def _crc32_of(answer: Mapping[str, Any]) -> int | None:
    text = answer.get("ChecksumCRC32")
    if not isinstance(text, str) or "-" in text or answer.get("ChecksumType") not in _WHOLE:
        return None
    return int.from_bytes(base64.b64decode(text), "big")


def _md5_of(answer: Mapping[str, Any]) -> str | None:
    own_key = answer.get("SSECustomerAlgorithm") is not None
    if own_key or answer.get("ServerSideEncryption") not in _S3_MANAGED:
        return None
    match = _MD5.fullmatch(str(answer.get("ETag", "")))
    return match[1] if match else None
