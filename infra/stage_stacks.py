"""The CloudFormation stacks of a stage, on AWS and on the local emulator.

::

    heliograph-<stage>-data    what is kept: tables, bucket, key, secret; artifacts and images
    heliograph-<stage>         queues, container functions
    heliograph-<stage>-api     the app, as Chalice packages it
    heliograph-<stage>-alarms  alarms and the dashboard; not in the local stack
    heliograph-<stage>-web     the web app's bucket and CloudFront; not in the local stack

All that a deployment must know is in CloudFormation: any clone can go on with what another began.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.chalice_adapter import parse_template, set_code_location, set_version_digest
from infra.cloudformation import CloudFormationStack, StackError
from infra.monitoring import build_monitoring_template, dump_template
from infra.packaging import hash_file
from infra.stage_files import TEMPLATES, choose_parameters
from infra.web_app import delete_objects

_PROTECTION = "DeletionProtection"
_KEPT = "RetainExceptOnCreate"


@dataclass(frozen=True)
class StageStacks:
    """The stacks of one stage.

    Attributes
    ----------
    make_client
        Returns the client of an AWS service.
    stage
        The stage.
    values
        Parameters that this deployment sets, for whichever template has them.
    pause
        Seconds between two polls of a stack.
    report
        Called with a line for each event.
    """

    make_client: Callable[[str], Any]
    stage: str
    values: Mapping[str, str]
    pause: float = 5.0
    report: Callable[[str], None] = lambda line: None

    @property
    def data(self) -> CloudFormationStack:
        """The stack of what is kept."""
        return self._get_stack("-data")

    @property
    def backend(self) -> CloudFormationStack:
        """The stack of queues and container functions."""
        return self._get_stack("")

    @property
    def api(self) -> CloudFormationStack:
        """The stack of the app."""
        return self._get_stack("-api")

    @property
    def alarms(self) -> CloudFormationStack:
        """The stack of alarms and the dashboard."""
        return self._get_stack("-alarms")

    @property
    def web(self) -> CloudFormationStack:
        """The stack of the web app."""
        return self._get_stack("-web")

    def deploy_data(self) -> None:
        """Create or update what is kept, and protect it.

        The first creation protects nothing: CloudFormation deletes all of a stack that could not be created, so
        that it can be created again. Nothing was stored yet.

        Raises
        ------
        StackError
            If CloudFormation fails, or the stage was deployed before this stack existed.
        """
        body = (TEMPLATES / "data.yaml").read_text()
        is_protected = self.values.get(_PROTECTION, "true")
        if not self._exists_data():
            self._require_free_secret()
            self._deploy_file(self.data, body.replace(_KEPT, "Delete"), {_PROTECTION: "false"})
        self._deploy_file(self.data, body, {_PROTECTION: is_protected})
        self.data.set_termination_protection(is_protected == "true")

    def deploy_backend(self, image: str) -> None:
        """Create or update queues and container functions.

        Parameters
        ----------
        image
            URI of the container functions' image.
        """
        self._deploy_file(self.backend, (TEMPLATES / "backend.yaml").read_text(), {"FitterImage": image})

    def deploy_api(self, package: Path) -> dict[str, str]:
        """Create or update the app, and return the outputs of its stack.

        Parameters
        ----------
        package
            The folder of the packaged app.
        """
        bucket = self.data.get_outputs()["ArtifactsBucket"]
        code_key = f"api/{hash_file(package / 'deployment.zip')}.zip"
        template = json.loads((package / "sam.json").read_text())
        set_code_location(template, bucket, code_key)
        parameters = choose_parameters(template, self.values, self.api.get_parameters())
        set_version_digest(template, _hash_text(json.dumps([template, parameters], sort_keys=True)))
        body = json.dumps(template)
        if not self.api.is_current(body, parameters):
            template_key = f"api/{_hash_text(body)}.json"
            self._upload(bucket, {code_key: (package / "deployment.zip").read_bytes(), template_key: body.encode()})
            # CloudFormation takes a template of this size from S3 only.
            url = f"{self.make_client('s3').meta.endpoint_url}/{bucket}/{template_key}"
            self.api.deploy({"TemplateURL": url}, parameters)
            # Not before: a rollback needs the earlier ones.
            delete_objects(self.make_client("s3"), bucket, except_keys={code_key, template_key})
        return self.api.get_outputs()

    def deploy_alarms(self) -> None:
        """Create or update alarms and the dashboard; the log groups that they read must exist."""
        limit = self.make_client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
        body = dump_template(build_monitoring_template(self.stage, limit))
        self._deploy_file(self.alarms, body, {})

    def deploy_web(self, api_host: str) -> dict[str, str]:
        """Create or update the hosting of the web app, and return the outputs of its stack.

        Parameters
        ----------
        api_host
            The API's host; with a port, if it is not that of HTTPS.
        """
        self._deploy_file(self.web, (TEMPLATES / "web.yaml").read_text(), {"ApiHost": api_host})
        return self.web.get_outputs()

    def delete(self) -> None:
        """Delete everything but what is kept: the web app, alarms, the app, queues and container functions."""
        # CloudFormation deletes only empty buckets.
        bucket = self.web.get_outputs().get("WebBucketName")
        if bucket:
            delete_objects(self.make_client("s3"), bucket)
        for stack in (self.web, self.alarms, self.api, self.backend):
            stack.delete()

    def _get_stack(self, suffix: str) -> CloudFormationStack:
        name = f"heliograph-{self.stage}{suffix}"
        tags = {"heliograph:stage": self.stage}
        return CloudFormationStack(self.make_client("cloudformation"), name, self.pause, self.report, tags)

    def _exists_data(self) -> bool:
        """Return whether the data stack exists; delete one whose first creation failed."""
        stack = self.data.describe()
        if stack is not None and stack["StackStatus"] == "DELETE_FAILED" and _KEPT in str(self.data.get_template()):
            raise StackError(
                f"{self.data.name} is DELETE_FAILED: somebody began to delete it, and not everything could be deleted. "
                "See docs/operators.md, Delete a stage for good."
            )
        if self.data.clear_failed_creation():
            return True
        resources = self._list_resource_names(self.backend)
        if {"Registry", "Analyses"} & resources:
            raise StackError(
                f"{self.backend.name} was deployed by an earlier version, which had all in one stack. See "
                "docs/operators.md, Move a stage of an earlier version."
            )
        return False

    def _list_resource_names(self, stack: CloudFormationStack) -> set[str]:
        description = stack.describe()
        if description is None:
            return set()
        pages = stack.client.get_paginator("list_stack_resources").paginate(StackName=stack.name)
        return {item["LogicalResourceId"] for page in pages for item in page["StackResourceSummaries"]}

    def _require_free_secret(self) -> None:
        """Refuse a name that is not free yet: a deleted secret keeps its name for weeks."""
        name = f"heliograph-{self.stage}-secret"
        client = self.make_client("secretsmanager")
        try:
            secret = client.describe_secret(SecretId=name)
        except client.exceptions.ResourceNotFoundException:
            return
        if "DeletedDate" in secret:
            raise StackError(
                f"The secret {name} waits for its deletion and holds its name until then. To delete it now, for good: "
                f"aws secretsmanager delete-secret --secret-id {name} --force-delete-without-recovery"
            )
        raise StackError(
            f"The secret {name} exists, but the stack {self.data.name}, which should hold it, does not. Somebody "
            "deleted that stack. See docs/operators.md, Delete a stage for good."
        )

    def _deploy_file(self, stack: CloudFormationStack, body: str, values: Mapping[str, str]) -> None:
        values = {**self.values, "Stage": self.stage, **values}
        parameters = choose_parameters(parse_template(body), values, stack.get_parameters())
        if not stack.is_current(body, parameters):
            stack.deploy({"TemplateBody": body}, parameters)

    def _upload(self, bucket: str, artifacts: Mapping[str, bytes]) -> None:
        s3 = self.make_client("s3")
        for key, content in artifacts.items():
            s3.put_object(Bucket=bucket, Key=key, Body=content)


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
