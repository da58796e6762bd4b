"""The test provider: answers the engine's gRPC for one package out of the cloud in memory.

The engine attaches to it through ``PULUMI_DEBUG_PROVIDERS`` in place of a plug-in. Each instance
of a provider (one per AWS account, say) is a connection of its own; that is how a call is known to
belong to it. Protocol: https://pulumi-developer-docs.readthedocs.io/latest/docs/references/provider.html
"""

# The protocol names the methods and says what each is given.
# ruff: noqa: N802, ARG002
import hashlib
import json
from collections.abc import Generator, Mapping
from concurrent import futures
from contextlib import contextmanager
from typing import NoReturn, Protocol, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc as services

from tests.engine.cloud import Call, Cloud, Facts, Refused
from tests.engine.resource_types import ResourceType, TypeUnknown, shelf
from tests.engine.sdk import MODULES, TokenUnknown
from tests.engine.templates import render_all
from tests.engine.values import Properties, Unknown, Value, at, decode, encode, holds, is_unknown
from tests.engine.values import plain as bare

LARGE = 400 << 20
OPTIONS = [("grpc.max_receive_message_length", LARGE), ("grpc.max_send_message_length", LARGE)]
DiffKind = messages.PropertyDiff


class About(Protocol):
    """What most questions say of themselves."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...


class Provider(services.ResourceProviderServicer):
    """One package's provider."""

    def __init__(self, package: str, cloud: Cloud) -> None:
        self._package = package
        self._cloud = cloud
        self._facts: dict[str, Facts] = {}

    def Handshake(self, request: object, context: grpc.ServicerContext) -> NoReturn:
        # Without it the engine falls back to Configure's answer, which says the same.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no handshake")

    def Attach(self, request: object, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def Cancel(self, request: object, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def GetPluginInfo(
        self, request: object, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        # The engine warns of a plug-in older than the SDK that the program imports.
        return plugin_pb2.PluginInfo(version="999.0.0")

    def CheckConfig(
        self, request: messages.CheckRequest, context: grpc.ServicerContext
    ) -> messages.CheckResponse:
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(
        self, request: messages.DiffRequest, context: grpc.ServicerContext
    ) -> messages.DiffResponse:
        same = request.olds == request.news
        return messages.DiffResponse(changes=_changes(same=same))

    def Configure(
        self, request: messages.ConfigureRequest, context: grpc.ServicerContext
    ) -> messages.ConfigureResponse:
        self._cloud.record(Call("configure", "", "", "", False, self._package))
        package = shelf().packages[self._package]
        self._facts[context.peer()] = {**package.facts, **_facts(decode(request.args))}
        if package.login_checked_at == "configure":
            with _answering(context):
                self._cloud.check_login(self._package)
        return messages.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Check(
        self, request: messages.CheckRequest, context: grpc.ServicerContext
    ) -> messages.CheckResponse:
        with _answering(context):
            kind = shelf().type_of(request.type)
            inputs = decode(request.news)
            failures = [
                messages.CheckFailure(property=mistake.property, reason=mistake.reason)
                for mistake in kind.mistakes(inputs)
            ]
            if kind.autoname and kind.autoname not in inputs:
                before = decode(request.olds).get(kind.autoname)
                inputs[kind.autoname] = before or _autoname(request)
            return messages.CheckResponse(
                inputs=encode(_with_default_tags(kind, inputs, self._of(context))),
                failures=failures,
            )

    def Diff(
        self, request: messages.DiffRequest, context: grpc.ServicerContext
    ) -> messages.DiffResponse:
        with _answering(context):
            kind = shelf().type_of(request.type)
            old, new = decode(request.old_inputs), decode(request.news)
            changed = sorted(
                name
                for name in (old.keys() | new.keys())
                if not name.startswith("__") and bare(old.get(name)) != bare(new.get(name))
            )
            state = decode(request.olds)
            now = self._cloud.outputs(kind, new, self._of(context), request.id)
            if bare(state.get("effectiveLabels")) != bare(now.get("effectiveLabels")):
                changed.append("effectiveLabels")
            replaces = [
                name
                for name in changed
                if any(_replaces(path, name, old, new) for path in kind.immutable)
            ]
            return messages.DiffResponse(
                changes=_changes(same=not changed),
                diffs=changed,
                replaces=replaces,
                hasDetailedDiff=True,
                detailedDiff={
                    name: DiffKind(kind=_diff_kind(name, old, new, replaced=name in replaces))
                    for name in changed
                },
                # A thing that keeps its id can't stand beside its successor.
                deleteBeforeReplace=bool(replaces)
                and self._cloud.identify(kind, new, self._of(context)) == request.id,
            )

    def Create(
        self, request: messages.CreateRequest, context: grpc.ServicerContext
    ) -> messages.CreateResponse:
        with self._asked("create", request, context, preview=request.preview) as kind:
            inputs, facts = decode(request.properties), self._of(context)
            if request.preview:
                outputs = self._cloud.outputs(kind, inputs, facts, Unknown.VALUE)
                return messages.CreateResponse(id="", properties=encode(outputs))
            _refuse_unknown(inputs)
            thing = self._cloud.create(kind, request.name, inputs, facts)
            return messages.CreateResponse(id=thing.id, properties=encode(thing.outputs))

    def Read(
        self, request: messages.ReadRequest, context: grpc.ServicerContext
    ) -> messages.ReadResponse:
        with self._asked("read", request, context) as kind:
            thing = self._cloud.find(kind, request.id, self._of(context))
            if thing is None:
                return messages.ReadResponse(id="")
            return messages.ReadResponse(
                id=thing.id, properties=encode(thing.outputs), inputs=encode(thing.inputs)
            )

    def Update(
        self, request: messages.UpdateRequest, context: grpc.ServicerContext
    ) -> messages.UpdateResponse:
        with self._asked("update", request, context, preview=request.preview) as kind:
            inputs, facts = decode(request.news), self._of(context)
            if request.preview:
                outputs = self._cloud.outputs(kind, inputs, facts, request.id)
                return messages.UpdateResponse(properties=encode(outputs))
            _refuse_unknown(inputs)
            thing = self._cloud.find(kind, request.id, facts)
            if thing is None:
                raise Refused(f"Error 404: {kind.token} {request.id} does not exist")
            return messages.UpdateResponse(
                properties=encode(self._cloud.update(thing, inputs, facts).outputs)
            )

    def Delete(self, request: messages.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        with self._asked("delete", request, context) as kind:
            self._cloud.delete(kind, request.id, self._of(context))
            return Empty()

    def Invoke(
        self, request: messages.InvokeRequest, context: grpc.ServicerContext
    ) -> messages.InvokeResponse:
        self._cloud.record(Call("invoke", request.tok, "", "", request.preview, self._package))
        with _answering(context):
            template = shelf().lookup(request.tok)
            self._cloud.check_login(self._package)
            arguments = decode(request.args)
            known = {**self._of(context), **arguments}
            answer = render_all(dict(template), known, f"{request.tok} {arguments}")
            response = messages.InvokeResponse()
            getattr(response, "return").CopyFrom(encode({**arguments, **cast(Properties, answer)}))
            return response

    def _of(self, context: grpc.ServicerContext) -> Facts:
        """The configuration of the instance that asks."""
        return self._facts.get(context.peer(), shelf().packages[self._package].facts)

    @contextmanager
    def _asked(
        self, method: str, request: About, context: grpc.ServicerContext, *, preview: bool = False
    ) -> Generator[ResourceType]:
        self._cloud.record(
            Call(method, request.type, request.name, request.urn, preview, self._package)
        )
        with _answering(context):
            kind = shelf().type_of(request.type)
            # A preview of something new asks no cloud.
            if not (preview and method in ("create", "update")):
                self._cloud.check_login(self._package)
            yield kind


def serve(cloud: Cloud) -> tuple[list[grpc.Server], str]:
    """Start one server per package; returns them and the value of PULUMI_DEBUG_PROVIDERS."""
    servers: list[grpc.Server] = []
    places: list[str] = []
    for package in MODULES:
        server = grpc.server(futures.ThreadPoolExecutor(16), options=OPTIONS)
        services.add_ResourceProviderServicer_to_server(Provider(package, cloud), server)
        places.append(f"{package}:{server.add_insecure_port('127.0.0.1:0')}")
        server.start()
        servers.append(server)
    return servers, ",".join(places)


@contextmanager
def _answering(context: grpc.ServicerContext) -> Generator[None]:
    """Turn a refusal into the gRPC error that a provider answers with."""
    try:
        yield
    except (Refused, TypeUnknown, TokenUnknown) as error:
        _abort(context, str(error))


def _abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)


def _facts(configuration: Mapping[str, Value]) -> Properties:
    """A provider's configuration, its nested parts read, under the names that templates use."""
    facts: Properties = {name: _nested(value) for name, value in configuration.items()}
    # A dict literal reaches the provider as JSON with the names that Python gave it.
    role = bare(at(facts, "assumeRoles.0.roleArn") or at(facts, "assumeRoles.0.role_arn"))
    account = role.split(":")[4] if isinstance(role, str) else at(facts, "allowedAccountIds.0")
    named = {
        "account": account,
        "subscription": facts.get("subscriptionId"),
        "tenant": facts.get("tenantId"),
    }
    facts.update({name: value for name, value in named.items() if value is not None})
    return {name: value for name, value in facts.items() if not is_unknown(value)}


def _nested(value: Value) -> Value:
    text = bare(value)
    if isinstance(text, str) and text[:1] in ("{", "["):
        return cast(Value, json.loads(text))
    return value


def _autoname(request: messages.CheckRequest) -> str:
    """The resource's name and seven digits, as providers name what the program does not."""
    return f"{request.name}-{hashlib.sha256(request.urn.encode()).hexdigest()[:7]}"


def _with_default_tags(kind: ResourceType, inputs: Properties, facts: Facts) -> Properties:
    """AWS' provider writes its default tags into the inputs of all that carries tags."""
    default = bare(at(facts, "defaultTags.tags"))
    if (
        kind.package != "aws"
        or "tagsAll" not in kind.sdk.outputs()
        or not isinstance(default, dict)
    ):
        return inputs
    own = inputs.get("tags")
    if is_unknown(own):
        return inputs
    both = {**default, **(own if isinstance(own, dict) else {})}
    return {**inputs, "tags": both}


def _replaces(path: str, name: str, old: Properties, new: Properties) -> bool:
    """Whether a change of this property is one that the cloud can't make in place."""
    if path == f"{name}:columns":
        return _columns_lost(old.get(name), new.get(name))
    inside = path == name or path.startswith(f"{name}.")
    return inside and bare(at(old, path)) != bare(at(new, path))


def _columns_lost(old: Value, new: Value) -> bool:
    """Whether a BigQuery schema drops a column or gives it another type."""
    if not (isinstance(old, str) and isinstance(new, str)):
        return old is not None
    before, after = (
        {field["name"]: field["type"] for field in json.loads(text)} for text in (old, new)
    )
    return not before.items() <= after.items()


def _refuse_unknown(inputs: Properties) -> None:
    if holds(inputs, is_unknown):
        raise Refused("an unknown value reached a real creation: the engine never sends one")


def _changes(*, same: bool) -> messages.DiffResponse.DiffChanges.ValueType:
    return messages.DiffResponse.DIFF_NONE if same else messages.DiffResponse.DIFF_SOME


def _diff_kind(
    name: str, old: Properties, new: Properties, *, replaced: bool
) -> messages.PropertyDiff.Kind.ValueType:
    if name not in old and name in new:
        return DiffKind.ADD_REPLACE if replaced else DiffKind.ADD
    if name not in new and name in old:
        return DiffKind.DELETE_REPLACE if replaced else DiffKind.DELETE
    return DiffKind.UPDATE_REPLACE if replaced else DiffKind.UPDATE
