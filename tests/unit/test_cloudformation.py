"""What a deployment does with a stack in each state that CloudFormation has, on a client that plays AWS.

The emulator does not refuse what AWS refuses in these states; the deployments themselves are in
tests/e2e/test_deployment.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.cloudformation import CloudFormationStack, StackError
from infra.stage_stacks import StageStacks


class FakeWaiter:
    def wait(self, **_: object) -> None:
        pass


class FakeCloudFormation:
    """One stack that passes through states, one for each time that it is described; the last stays."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.calls: list[str] = []
        self.template = ""

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "none":
            error = {"Error": {"Code": "ValidationError", "Message": "Stack with id x does not exist"}}
            raise ClientError(error, "DescribeStacks")  # type: ignore[arg-type]
        return {"Stacks": [{"StackStatus": state, "StackId": "arn"}]}

    def describe_stack_events(self, **_: object) -> dict[str, Any]:
        return {"StackEvents": []}

    def create_change_set(self, *, ChangeSetType: str, **_: object) -> None:  # noqa: N803
        self.calls.append(ChangeSetType)

    def execute_change_set(self, **_: object) -> None:
        self.states = [f"{self.calls[-1]}_COMPLETE"]

    def delete_stack(self, **_: object) -> None:
        self.calls.append("DELETE")
        self.states = ["none"]

    def get_template(self, **_: object) -> dict[str, str]:
        return {"TemplateBody": self.template}

    def get_waiter(self, _: str) -> FakeWaiter:
        return FakeWaiter()


def deploy(client: FakeCloudFormation) -> Sequence[str]:
    CloudFormationStack(client, "heliograph-trial", pause=0).deploy({"TemplateBody": "{}"}, {})
    return client.calls


@pytest.mark.parametrize(
    "state", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"]
)
def test_a_stack_that_was_never_completed_is_created_anew(state: str) -> None:
    assert deploy(FakeCloudFormation(state)) == ["DELETE", "CREATE"]


@pytest.mark.parametrize(
    "state",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"],
)
def test_a_completed_stack_is_updated_and_never_deleted(state: str) -> None:
    assert deploy(FakeCloudFormation(state)) == ["UPDATE"]


@pytest.mark.parametrize(
    ("states", "calls"),
    [
        (["none"], ["CREATE"]),
        (["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"], ["UPDATE"]),
        (["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"], ["DELETE", "CREATE"]),
        (["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"], ["UPDATE"]),
        (["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"], ["UPDATE"]),
        (["DELETE_IN_PROGRESS", "none"], ["CREATE"]),
    ],
)
def test_a_change_that_is_under_way_is_waited_for(states: list[str], calls: list[str]) -> None:
    assert deploy(FakeCloudFormation(*states)) == calls


def test_a_rollback_that_failed_needs_the_operator() -> None:
    client = FakeCloudFormation("UPDATE_ROLLBACK_FAILED")
    with pytest.raises(StackError, match="continue-update-rollback --stack-name heliograph-trial"):
        deploy(client)
    assert client.calls == []


@pytest.mark.parametrize("policy", ["RetainExceptOnCreate", "Delete"])
def test_only_a_failed_deletion_of_a_first_creation_is_gone_on_with(policy: str) -> None:
    client = FakeCloudFormation("DELETE_FAILED")
    client.template = f"Metadata: {policy}"
    stacks = StageStacks(lambda service: client, "trial", {}, pause=0)
    if policy == "Delete":
        assert not stacks._exists_data()
        assert client.calls == ["DELETE"]
    else:
        with pytest.raises(StackError, match="Delete a stage for good"):
            stacks.deploy_data()
        assert client.calls == []
