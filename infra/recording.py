"""Run a program without an engine and keep what it registers: for plans, policies and tests.

The monitor answers every registration with its own inputs, as a cloud that fills in nothing, plus
an id and the few outputs that other resources are built from. It validates nothing: types are
basedpyright's business, and whether a cloud accepts the inputs is the engine tests'.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import reset_options, set_all_config
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto.resource_pb2 import (
    RegisterResourceOutputsRequest,
    RegisterResourceRequest,
    RegisterResourceResponse,
)
from pulumi.runtime.settings import ROOT
from pulumi.runtime.stack import run_in_stack

SECRET = "4dabf18193072939515e22adb298388d"
"""The key that marks an object as special on the wire: pulumi's ``rpc._special_sig_key``."""


STACK = "::pulumi:pulumi:Stack::"
"""What the URN of the stack itself holds, and no other."""

KEY_FILE: Mapping[str, str] = {
    "type": "service_account",
    "client_email": "recorded@recorded.iam.gserviceaccount.com",
    "private_key": "recorded: no key was made",
    "token_uri": "https://oauth2.recorded/token",
}
"""What is in a service account's key, which Google answers in base64."""


class UnknownLookup(Exception):
    """The program looked something up in a cloud, which a recording can't answer."""


@dataclass(frozen=True)
class Recorded:
    """A resource as the program registered it. ``inputs`` are camelCase, secrets still marked.

    ``parent`` is a URN, empty right below the stack.
    """

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    provider: str
    protect: bool
    retain_on_delete: bool
    dependencies: tuple[str, ...]
    inputs: Mapping[str, Any]
    import_id: str
    aliases: tuple[str, ...]
    ignore_changes: tuple[str, ...]
    delete_before_replace: bool
    replace_on_changes: tuple[str, ...]

    @property
    def is_provider(self) -> bool:
        """Is it a provider, not a thing in a cloud?"""
        return self.type.startswith("pulumi:providers:")


@dataclass(frozen=True)
class Recording:
    """Everything one run of a program registered, in order."""

    resources: tuple[Recorded, ...]
    registered_outputs: frozenset[str]
    """URNs of the components that called ``register_outputs``."""
    outputs: Mapping[str, Any]
    """What the stack exports."""

    def of_type(self, token: str) -> list[Recorded]:
        """The resources of a type token."""
        return [resource for resource in self.resources if resource.type == token]


def _by_rule(type_: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    """What a cloud makes of names by a rule, so that it can be told without one."""
    match type_:
        case "aws:iam/role:Role":
            return {"arn": f"arn:aws:iam::123456789012:role/{inputs.get('name')}"}
        case "azure-native:storage:StorageAccount":
            return {"name": str(inputs.get("accountName"))}
        case "azure-native:sql:Server":
            return {"fullyQualifiedDomainName": f"{inputs.get('serverName')}.database.windows.net"}
        case "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider":
            pool = f"workloadIdentityPools/{inputs.get('workloadIdentityPoolId')}"
            provider = inputs.get("workloadIdentityPoolProviderId")
            return {"name": f"projects/123456789012/locations/global/{pool}/providers/{provider}"}
        case _:
            return {}


class EchoCloud(Mocks):
    """Answers a registration with its inputs, and with what only a cloud could know."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """The id and outputs of a resource."""
        inputs = cast(dict[str, Any], args.inputs)
        known: dict[str, Any] = {
            "arn": f"arn:aws:recorded:::{args.name}",
            "email": f"{inputs.get('accountId', args.name)}@recorded.iam.gserviceaccount.com",
            "uniqueId": "100000000000000000000",
            "number": "123456789012",
            "projectNumber": "123456789012",
            "privateKey": b64encode(json.dumps(dict(KEY_FILE)).encode()).decode(),
            "selfLink": f"https://recorded/{args.name}",
            "principalId": "00000000-0000-4000-8000-000000000001",
            "clientId": "00000000-0000-4000-8000-000000000002",
            "name": args.name,
            "uri": f"https://{args.name}.recorded.run.app",
            "serviceConfig": {
                **cast(dict[str, Any], inputs.get("serviceConfig") or {}),
                "uri": f"https://{args.name}.recorded.run.app",
                "service": args.name,
            },
        }
        known.update(_by_rule(args.typ, inputs))
        answered = {**known, **inputs, "serviceConfig": known["serviceConfig"]}
        if "identity" in inputs:
            # Azure is given a list of identities, and answers what it knows of each.
            answered["identity"] = {**inputs["identity"], "userAssignedIdentities": {}}
        return f"{args.name}-id", answered

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Look-ups have no answer here, so that none is made up."""
        raise UnknownLookup(f"{args.token} can't be answered without a cloud.")


@contextmanager
def _loop_of_this_thread() -> Generator[None, None, None]:
    """A loop that is closed again: the SDK's monitor makes one in each worker and leaves it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _Recorder(MockMonitor):
    def __init__(self) -> None:
        super().__init__(EchoCloud())
        self.seen: list[Recorded] = []
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(  # noqa: N802 - the name on the wire
        self, request: RegisterResourceRequest
    ) -> RegisterResourceResponse:
        with _loop_of_this_thread():
            response = super().RegisterResource(request)  # pyright: ignore[reportUnknownMemberType]
        if request.type == "pulumi:pulumi:Stack":
            return response
        self.seen.append(
            Recorded(
                urn=response.urn,
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent="" if STACK in request.parent else request.parent,
                provider=request.provider,
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                dependencies=tuple(request.dependencies),
                inputs=json_format.MessageToDict(request.object),
                import_id=request.importId,
                aliases=tuple(request.aliasURNs),
                ignore_changes=tuple(request.ignoreChanges),
                delete_before_replace=request.deleteBeforeReplace,
                replace_on_changes=tuple(request.replaceOnChanges),
            )
        )
        return response

    def RegisterResourceOutputs(  # noqa: N802 - the name on the wire
        self, request: RegisterResourceOutputsRequest
    ) -> Empty:
        # set_mocks makes a stack of its own under the same name, whose empty outputs come too.
        outputs = self.outputs.setdefault(request.urn, {})
        outputs.update(json_format.MessageToDict(request.outputs))
        return Empty()


def record(
    program: Callable[[], None],
    config: Mapping[str, str],
    *,
    project: str = "ai-cost-monitoring",
    stack: str = "recorded",
    secrets: Sequence[str] = (),
    preview: bool = False,
) -> Recording:
    """Run ``program`` under ``config`` (keys without the project's name) and keep the graph.

    With ``preview`` what only a cloud could know is unknown, as before the first ``up``.

    Raises:
        Exception: Whatever the program raises, from inside ``apply`` too.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    recorder = _Recorder()
    try:
        set_all_config(
            {f"{project}:{key}": value for key, value in config.items()},
            [f"{project}:{key}" for key in secrets],
        )
        set_mocks(recorder.mocks, project=project, stack=stack, preview=preview, monitor=recorder)
        # set_mocks makes a stack of its own, and run_in_stack refuses a second one.
        ROOT.set(None)
        loop.run_until_complete(run_in_stack(program))
    finally:
        reset_options()
        asyncio.set_event_loop(None)
        loop.close()
    stacks = [urn for urn in recorder.outputs if STACK in urn]
    return Recording(
        resources=tuple(recorder.seen),
        registered_outputs=frozenset(recorder.outputs),
        outputs=recorder.outputs[stacks[0]] if stacks else {},
    )
