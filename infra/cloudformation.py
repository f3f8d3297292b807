"""Create, update and delete a CloudFormation stack, on AWS and on the local emulator."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, WaiterError

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_UNUSABLE_STATES = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"}
"""States after a failed first creation: CloudFormation only allows deletion."""

_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_CHANGE_SET_ATTEMPTS = 10_000


class StackError(RuntimeError):
    """CloudFormation did not reach the requested state; the message holds its reasons."""


@dataclass
class CloudFormationStack:
    """One stack, by name.

    Attributes
    ----------
    client
        A boto3 client of CloudFormation.
    name
        The stack's name.
    pause
        Seconds between two polls.
    report
        Called with a line for each event of a resource.
    """

    client: Any
    name: str
    pause: float = 5.0
    report: Callable[[str], None] = lambda line: None
    _event_ids: set[str] = field(default_factory=set)

    def describe(self, stack_id: str | None = None) -> dict[str, Any] | None:
        """Return the stack's description, or None if it does not exist. A deleted stack needs its id."""
        try:
            stack: dict[str, Any] = self.client.describe_stacks(StackName=stack_id or self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return stack

    def get_outputs(self) -> dict[str, str]:
        """Return the values of the stack's outputs by their keys."""
        outputs = (self.describe() or {}).get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def deploy(
        self, template: Mapping[str, str], parameters: Mapping[str, str], tags: Mapping[str, str] | None = None
    ) -> None:
        """Create or update the stack by a change set, and wait until it is done.

        Resources that an earlier stack of this name retained become part of it.

        Parameters
        ----------
        template
            ``{"TemplateBody": text}`` or ``{"TemplateURL": url}``.
        parameters
            The template's parameters.
        tags
            Tags of the stack.

        Raises
        ------
        StackError
            If CloudFormation refuses the template or does not complete the change.
        """
        stack = self.describe()
        if stack is not None and stack["StackStatus"] in _UNUSABLE_STATES:
            self.delete()
            stack = None
        change_set = {"StackName": self.name, "ChangeSetName": f"release-{time.time_ns()}"}
        self.client.create_change_set(
            **change_set,
            **template,
            ChangeSetType="UPDATE" if stack else "CREATE",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
            Capabilities=_CAPABILITIES,
            ImportExistingResources=True,
        )
        if not self._has_changes(change_set):
            self.report(f"{self.name}: nothing to change")
            return
        self._get_new_events(self.name)  # those of earlier deployments
        self.client.execute_change_set(**change_set)
        self._wait_for_state(self.name, {"CREATE_COMPLETE", "UPDATE_COMPLETE"})

    def delete(self) -> None:
        """Delete the stack and wait; resources that its template retains stay.

        Raises
        ------
        StackError
            If a resource could not be deleted.
        """
        stack = self.describe()
        if stack is None:
            return
        # By id: CloudFormation does not find a deleted stack by its name.
        stack_id = stack["StackId"]
        self._get_new_events(stack_id)
        self.client.delete_stack(StackName=stack_id)
        self._wait_for_state(stack_id, {"DELETE_COMPLETE"})

    def _has_changes(self, change_set: dict[str, str]) -> bool:
        limits = {"Delay": self.pause, "MaxAttempts": _CHANGE_SET_ATTEMPTS}
        try:
            self.client.get_waiter("change_set_create_complete").wait(**change_set, WaiterConfig=limits)
        except WaiterError as error:
            reason = error.last_response.get("StatusReason", str(error))
            self.client.delete_change_set(**change_set)
            if any(text in reason for text in _NO_CHANGES):
                return False
            raise StackError(f"{self.name}: CloudFormation refuses the template: {reason}") from error
        return True

    def _wait_for_state(self, stack_id: str, goals: set[str]) -> None:
        failures: list[str] = []
        while True:
            stack = self.describe(stack_id)
            # The emulator forgets a deleted stack at once, even by its id.
            state = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            for event in self._get_new_events(stack_id) if stack else ():
                line = _format_event(event)
                self.report(line)
                if event["ResourceStatus"].endswith("_FAILED"):
                    failures.append(line)
            if state in goals:
                return
            if not state.endswith("_IN_PROGRESS"):
                causes = "\n  ".join(failures or ["(none in the events)"])
                raise StackError(f"{self.name} ended as {state}. Failed resources:\n  {causes}")
            time.sleep(self.pause)

    def _get_new_events(self, stack_id: str) -> list[dict[str, Any]]:
        """Return the events since the last call, oldest first; at most a hundred."""
        events = self.client.describe_stack_events(StackName=stack_id)["StackEvents"]
        new_events = [event for event in reversed(events) if event["EventId"] not in self._event_ids]
        self._event_ids.update(event["EventId"] for event in new_events)
        return new_events


def _format_event(event: dict[str, Any]) -> str:
    reason = event.get("ResourceStatusReason", "")
    text = f"{event['ResourceStatus']:28} {event['LogicalResourceId']}"
    return f"{text}: {reason}" if reason else text
