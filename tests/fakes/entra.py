"""Microsoft Entra: gives one identity's token for an assertion, as its token endpoint does.

It refuses what that refuses: another tenant, another identity, a scope that is not the service's
own, an assertion that is no token (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow).
That the assertion is Google's for Azure is for the tests of trust.
"""

import json
from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.fakes.azure_blobs_http import Reply, Seen

MANAGEMENT = "https://management.azure.com/.default"
STORAGE = "https://storage.azure.com/.default"


@dataclass(frozen=True)
class FakeEntra:
    """Knows one ``tenant`` and in it the identity ``client``; ``token`` is what it gives."""

    tenant: str
    client: str
    token: str = "from-entra"

    def answer(self, request: Seen) -> Reply:
        """See ``azure_blobs_http.tls_server``."""
        base = f"https://{request.headers['host']}/{self.tenant}"
        if request.path.endswith("/.well-known/openid-configuration"):
            return _json(
                200,
                token_endpoint=f"{base}/oauth2/v2.0/token",
                authorization_endpoint=f"{base}/oauth2/v2.0/authorize",
                issuer=f"{base}/v2.0",
            )
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        assertion = form.get("client_assertion", "")
        if request.path != f"/{self.tenant}/oauth2/v2.0/token" or assertion.count(".") != 2:
            return _json(400, error="invalid_request", error_description="AADSTS900144: what?")
        if form.get("client_id") != self.client or form.get("scope") not in (MANAGEMENT, STORAGE):
            return _json(400, error="unauthorized_client", error_description="AADSTS700016: who?")
        return _json(200, token_type="Bearer", expires_in=3599, access_token=self.token)


def _json(status: int, **content: object) -> Reply:
    return Reply(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
