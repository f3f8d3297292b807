"""Bring one CloudFormation stack to one template, on AWS and on the local emulator alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

__all__ = ["StackError", "delete_stack", "deploy_stack", "find_stack"]

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# What CloudFormation leaves of a first creation that failed: it can only be deleted.
_UNUSABLE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"}


class StackError(RuntimeError):
    """A stack did not get where it should; the message holds CloudFormation's reasons."""


def find_stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """Return a stack's description, or None when there is no such stack."""
    try:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def deploy_stack(
    cloudformation: Any,
    name: str,
    template: Mapping[str, str],
    parameters: Mapping[str, str],
    *,
    tags: Mapping[str, str] | None = None,
    adopt: bool = False,
    pause: float = 5.0,
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Create or update a stack by a change set, and wait for the end.

    Parameters
    ----------
    cloudformation
        A boto3 client of CloudFormation.
    name
        The stack's name.
    template
        ``{"TemplateBody": text}`` or ``{"TemplateURL": url}``.
    parameters
        The template's parameters.
    tags
        Tags of the stack.
    adopt
        Take over resources of the same names that an earlier stack left behind.
    pause
        Seconds between two looks.
    tell
        Called with a line for each resource that got somewhere.

    Raises
    ------
    StackError
        When the stack ends anywhere but where it should.
    """
    stack = find_stack(cloudformation, name)
    if stack is not None and stack["StackStatus"] in _UNUSABLE:
        delete_stack(cloudformation, name, pause=pause, tell=tell)
        stack = None
    change_set = f"release-{time.time_ns()}"
    request: dict[str, Any] = {
        "StackName": name,
        "ChangeSetName": change_set,
        "ChangeSetType": "UPDATE" if stack else "CREATE",
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        "Capabilities": _CAPABILITIES,
        **template,
    }
    if adopt:
        request["ImportExistingResources"] = True
    cloudformation.create_change_set(**request)
    if not _wait_for_change_set(cloudformation, name, change_set, pause):
        tell(f"{name}: nothing to change")
        return
    seen = _event_ids(cloudformation, name)
    cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
    status = _wait_for_stack(cloudformation, name, pause, seen, tell)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise StackError(_explain(cloudformation, name, status))


def delete_stack(
    cloudformation: Any, name: str, *, pause: float = 5.0, tell: Callable[[str], None] = lambda line: None
) -> None:
    """Delete a stack and wait; what its template retains stays.

    Raises
    ------
    StackError
        When something could not be deleted.
    """
    stack = find_stack(cloudformation, name)
    if stack is None:
        return
    # By its id, since a deleted stack is not found by its name.
    identifier = stack["StackId"]
    seen = _event_ids(cloudformation, identifier)
    cloudformation.delete_stack(StackName=identifier)
    status = _wait_for_stack(cloudformation, identifier, pause, seen, tell)
    if status != "DELETE_COMPLETE":
        raise StackError(_explain(cloudformation, identifier, status))


def _wait_for_change_set(cloudformation: Any, name: str, change_set: str, pause: float) -> bool:
    """Return whether the change set holds any change."""
    while True:
        made = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        if made["Status"] == "CREATE_COMPLETE":
            return True
        if made["Status"] == "FAILED":
            break
        time.sleep(pause)
    reason = made.get("StatusReason", "")
    cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
    if "didn't contain changes" in reason or "No updates are to be performed" in reason:
        return False
    raise StackError(f"{name}: CloudFormation refuses the template: {reason}")


def _wait_for_stack(
    cloudformation: Any, name: str, pause: float, seen: set[str], tell: Callable[[str], None]
) -> str:
    while True:
        try:
            status: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            # The emulator forgets a deleted stack at once, even by its id.
            if "does not exist" not in str(error):
                raise
            return "DELETE_COMPLETE"
        for event in _new_events(cloudformation, name, seen):
            tell(_line(event))
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(pause)


def _event_ids(cloudformation: Any, name: str) -> set[str]:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return {event["EventId"] for event in events}


def _new_events(cloudformation: Any, name: str, seen: set[str]) -> list[dict[str, Any]]:
    # The newest come first, a page of a hundred; more than that between two looks may go untold.
    page = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    fresh = [event for event in reversed(page) if event["EventId"] not in seen]
    seen.update(event["EventId"] for event in fresh)
    return fresh


def _line(event: dict[str, Any]) -> str:
    reason = event.get("ResourceStatusReason", "")
    text = f"{event['ResourceStatus']:28} {event['LogicalResourceId']}"
    return f"{text}: {reason}" if reason else text


def _explain(cloudformation: Any, name: str, status: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [_line(event) for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    return "\n  ".join([f"{name} ended as {status}. What failed:", *(failed or ["(no event says)"])])
