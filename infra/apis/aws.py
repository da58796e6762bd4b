"""AWS's login of this machine, and the role of an account that it works through.

botocore finds the login as the engine does (environment, profile, SSO) and reads
AWS_ENDPOINT_URL by itself.
"""

import contextlib
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.session import Session

from infra.apis.login import LoginExpired, LoginMissing
from infra.apis.web import SECONDS, Json, Refused, Unreachable

LOGIN = "aws sso login (or aws configure)"
EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired"}
    | {"UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
)
"""Codes by which AWS says that it does not take a login, old or wrong."""


REGIONAL = frozenset({"ec2", "lambda", "logs", "redshift-serverless", "s3", "sts"})
"""Services that are asked in the login's own region."""


@dataclass(frozen=True)
class Aws:
    """Whoever is logged in, or has taken a role."""

    session: Any = field(repr=False)
    region: str

    @classmethod
    def find(cls, region: str) -> "Aws":
        """The login that this machine has.

        Raises:
            LoginMissing: There is none.
            LoginExpired: It has to be renewed first.
        """
        session: Any = Session()
        try:
            credentials = session.get_credentials()
        except (SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError) as error:
            raise LoginExpired(str(error), LOGIN) from None
        except BotoCoreError as error:
            raise LoginMissing(str(error), LOGIN) from None
        if credentials is None:
            raise LoginMissing("no environment variable, profile or SSO session has one", LOGIN)
        return cls(session, region)

    def call(self, service: str, operation: str, **values: object) -> Json:
        """What an operation answers. ``service`` and ``operation`` are named as in botocore.

        Raises:
            LoginMissing, LoginExpired: the login.
            Unreachable: no answer came.
            Refused: AWS refused, with its code; status 403 where a right is missing.
        """
        # The APIs of billing are in one region only.
        region = self.region if service in REGIONAL else "us-east-1"
        config = Config(
            connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 2}
        )
        try:
            client = self.session.create_client(service, region_name=region, config=config)
            with contextlib.closing(client):
                answer: Json = getattr(client, operation)(**values)
        except ClientError as error:
            raise _of(error, service) from None
        except (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError):
            raise Unreachable(f"AWS ({service}) does not answer. Is there a network?") from None
        except (SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError) as error:
            raise LoginExpired(str(error), LOGIN) from None
        except NoCredentialsError:
            raise LoginMissing("there are no credentials", LOGIN) from None
        except BotoCoreError as error:
            raise Unreachable(f"AWS ({service}): {error}") from None
        return answer

    def through(self, role: str | None) -> "Aws":
        """The same, having taken ``role``; None: as it is.

        Raises:
            Refused: the role does not let this login in.
        """
        if role is None:
            return self
        taken = self.call(
            "sts", "assume_role", RoleArn=role, RoleSessionName="ai-cost-monitoring-doctor"
        )["Credentials"]
        session: Any = Session()
        session.set_credentials(
            taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"]
        )
        return Aws(session, self.region)


def _of(error: ClientError, service: str) -> Refused | LoginExpired:
    said: Any = error.response
    code = str(said.get("Error", {}).get("Code", ""))
    message = str(said.get("Error", {}).get("Message", ""))
    status = int(said.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    if code in EXPIRED:
        return LoginExpired(f"{code}: {message}", LOGIN)
    if code in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}:
        status = 403
    return Refused(status, f"AWS ({service}): {code} {message}".strip())
