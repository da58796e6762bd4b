"""What a change must not do, whoever approves it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from infra.guard.preview import Change, Op, Preview
from infra.policies import check
from infra.policies.policy import Level
from infra.policies.protection import data_types

_ENDED = "preview failed"
"""What the engine adds to the reasons."""


@dataclass(frozen=True)
class Refusal:
    """Why a change is refused: which resource, what was found, what to do."""

    urn: str
    found: str
    remedy: str

    @property
    def name(self) -> str:
        """The resource's name in the program; empty where it is about none."""
        return self.urn.rpartition("::")[2]

    def __str__(self) -> str:
        return f"{self.name}: {self.found} {self.remedy}" if self.urn else self.found


@dataclass(frozen=True)
class Verdict:
    """What stands against a change, and what its reviewer should know all the same."""

    refusals: tuple[Refusal, ...]
    notes: tuple[Refusal, ...]


def judge(preview: Preview, secret_keys: Collection[str], kept: Collection[str] = ()) -> Verdict:
    """Look for lost data, secrets in plain text and breaches of a policy.

    ``secret_keys`` are the configuration's keys whose values are secret. ``kept`` are the URNs of
    what may leave the stack, because it stays in its cloud.
    """
    violations = check(preview.after.resources)
    found = [
        (violation.level, Refusal(violation.urn, violation.found, violation.remedy))
        for violation in violations
    ]
    refusals = (
        *_losses(preview, kept),
        *_plain_secrets(preview, secret_keys),
        *(refusal for level, refusal in found if level is Level.MANDATORY),
        *_failures(preview),
    )
    notes = tuple(refusal for level, refusal in found if level is not Level.MANDATORY)
    return Verdict(refusals, notes)


def holds_data(change: Change) -> bool:
    """Whether what is there now is protected, or is of a kind that holds data."""
    before = change.before
    if before is None or not before.custom:
        return False
    rule = data_types().get(before.type)
    return before.protect or (rule is not None and rule.holds(before.inputs))


def _losses(preview: Preview, kept: Collection[str]) -> Iterator[Refusal]:
    for change in preview.changes:
        if not holds_data(change) or (change.op is Op.DELETE and change.urn in kept):
            continue
        if change.op is Op.DELETE:
            yield Refusal(
                change.urn,
                "It is protected or holds data, and would be deleted.",
                "Keep it in the program. What an environment gives up for good goes with"
                " 'python -m infra uninstall'.",
            )
        elif change.op is Op.REPLACE:
            because = ", ".join(change.replaces or change.properties) or "an input"
            yield Refusal(
                change.urn,
                f"It is protected or holds data, and would be made anew, for {because} changes.",
                "Leave that as it is: what is in it can't be made again.",
            )


def _plain_secrets(preview: Preview, secret_keys: Collection[str]) -> Iterator[Refusal]:
    for key, value in preview.config.items():
        name = key.partition(":")[2]
        if name in secret_keys and value not in ("", "[secret]"):
            yield Refusal(
                "",
                f"{name} stands in plain text in the stack's file: take it out, make a new one, and"
                f" run 'pulumi config set --secret {name}'.",
                "",
            )


def _failures(preview: Preview) -> Iterator[Refusal]:
    """Why the preview ended early, but for what was said above, and better."""
    lost = {change.urn for change in preview.changes if change.op in (Op.DELETE, Op.REPLACE)}
    reasons = [
        error
        for error in preview.errors
        if error != _ENDED and not ("protect" in error and any(urn in error for urn in lost))
    ]
    if preview.errors and not lost and not reasons:
        reasons = [_ENDED]
    for reason in reasons:
        yield Refusal("", f"The preview failed: {reason.splitlines()[0][:300]}", "")
