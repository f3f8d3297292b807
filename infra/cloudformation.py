"""Create, update and delete a CloudFormation stack, on AWS and on the local emulator."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, WaiterError

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NEVER_COMPLETED = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"}
"""States after a failed first creation, or a failed deletion: CloudFormation only allows deletion."""

_COMPLETED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_DELETED = "DELETE_COMPLETE"

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
    tags
        Tags of everything in the stack.
    """

    client: Any
    name: str
    pause: float = 5.0
    report: Callable[[str], None] = lambda line: None
    tags: Mapping[str, str] = field(default_factory=dict)
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

    def get_parameters(self) -> dict[str, str]:
        """Return the values of the stack's parameters by their keys."""
        parameters = (self.describe() or {}).get("Parameters", [])
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in parameters}

    def get_template(self) -> Any:
        """Return the stack's template as it was sent: a text, or what a text in JSON stands for."""
        return self.client.get_template(StackName=self.name, TemplateStage="Original")["TemplateBody"]

    def is_current(self, body: str, parameters: Mapping[str, str]) -> bool:
        """Return whether the stack was completed with this template, and with these values of parameters."""
        stack = self.describe()
        if stack is None or stack["StackStatus"] not in _COMPLETED:
            return False
        current = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
        if not parameters.items() <= current.items():
            return False
        template = self.get_template()
        # botocore parses templates in JSON.
        return bool(template == body if isinstance(template, str) else template == json.loads(body))

    def deploy(self, template: Mapping[str, str], parameters: Mapping[str, str]) -> None:
        """Create or update the stack by a change set, and wait until it is done.

        A change that is under way, such as that of an interrupted deployment, is waited for. A stack whose
        first creation failed is deleted first.

        Parameters
        ----------
        template
            ``{"TemplateBody": text}`` or ``{"TemplateURL": url}``.
        parameters
            The template's parameters.

        Raises
        ------
        StackError
            If CloudFormation refuses the template or does not complete the change.
        """
        exists = self.clear_failed_creation()
        change_set = {"StackName": self.name, "ChangeSetName": f"release-{time.time_ns()}"}
        self.client.create_change_set(
            **change_set,
            **template,
            ChangeSetType="UPDATE" if exists else "CREATE",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()],
            Capabilities=_CAPABILITIES,
        )
        if not self._has_changes(change_set):
            self.report(f"{self.name}: nothing to change")
            return
        self._get_new_events(self.name)  # those of earlier deployments
        self.client.execute_change_set(**change_set)
        self._wait_for_state(self.name, _COMPLETED)

    def clear_failed_creation(self) -> bool:
        """Delete the stack if it was never completed, and return whether a completed one exists.

        Raises
        ------
        StackError
            If a resource could not be deleted, or the stack needs an operator.
        """
        state = self._wait_for_rest()
        if state in _NEVER_COMPLETED:
            self.report(f"{self.name} is {state}: deleting it before it is created again")
            self.delete()
            return False
        if state == "UPDATE_ROLLBACK_FAILED":
            raise StackError(
                f"{self.name} is {state}: an earlier change failed, and so did taking it back. See its events, remove "
                f"the cause, then: aws cloudformation continue-update-rollback --stack-name {self.name}"
            )
        return state != _DELETED

    def set_termination_protection(self, is_protected: bool) -> None:
        """Let CloudFormation refuse to delete the stack, or not."""
        self.client.update_termination_protection(StackName=self.name, EnableTerminationProtection=is_protected)

    def delete(self) -> None:
        """Delete the stack and wait; resources that its template retains stay.

        Raises
        ------
        StackError
            If a resource could not be deleted.
        """
        self._wait_for_rest()
        stack = self.describe()
        if stack is None:
            return
        # By id: CloudFormation does not find a deleted stack by its name.
        stack_id = stack["StackId"]
        self._get_new_events(stack_id)
        self.client.delete_stack(StackName=stack_id)
        self._wait_for_state(stack_id, {_DELETED})

    def _wait_for_rest(self) -> str:
        """Wait until nothing changes the stack, and return its state; that of no stack is ``DELETE_COMPLETE``."""
        while True:
            stack = self.describe()
            state: str = stack["StackStatus"] if stack else _DELETED
            # Nothing runs during a review: a change set waits to be executed.
            if not state.endswith("_IN_PROGRESS") or state == "REVIEW_IN_PROGRESS":
                return state
            self.report(f"{self.name} is {state}: waiting for its end")
            time.sleep(self.pause)

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
            state = stack["StackStatus"] if stack else _DELETED
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
