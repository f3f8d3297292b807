"""The stack of an earlier version of the local stack, which held everything: split it as deployments do now.

The records stay where they are; only what CloudFormation knows of them changes hands. On AWS, docs/operators.md says
how to do the same.
"""

import json
from typing import Any

from ministack.services import cloudformation

from infra.local.stack_settings import STAGE

_WHOLE = f"heliograph-{STAGE}"
_DATA = f"{_WHOLE}-data"
_KEPT = ("Registry", "Sources", "Analyses", "Bucket", "BucketPolicy", "Key", "KeyAlias", "Secret")
"""Resources that have a stack of their own now."""


def split_older_stack() -> None:
    """Give what is kept to a stack of its own, if one stack holds everything."""
    for (account, region, name), stack in list(cloudformation._stacks.all_items()):
        if name == _WHOLE and _KEPT[0] in stack["_resources"]:
            cloudformation._stacks.set_scoped(account, region, _DATA, _take_kept(stack))


def _take_kept(stack: dict[str, Any]) -> dict[str, Any]:
    """Remove what is kept from a stack, and return the record of a stack that has it."""
    resources = {name: stack["_resources"].pop(name) for name in _KEPT}
    definitions = {name: stack["_template"]["Resources"].pop(name) for name in _KEPT}
    template = {**stack["_template"], "Resources": definitions}
    stack["_template_body"] = json.dumps(stack["_template"])
    return {
        **stack,
        "StackName": _DATA,
        "StackId": stack["StackId"].replace(f"/{_WHOLE}/", f"/{_DATA}/"),
        "_resources": resources,
        "_template": template,
        "_template_body": json.dumps(template),
    }
