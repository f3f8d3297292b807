"""The deployment of a stage, on the emulator: from nothing, after failures, again, from two clones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra import PROJECT, deploy, packaging, smoke, stage_files, stage_stacks
from infra.chalice_adapter import parse_template
from infra.cloudformation import CloudFormationStack, StackError
from infra.local.stack_settings import StackSettings
from infra.stage_stacks import StageStacks
from tests import restore_drill
from tests.emulator import running_emulator
from tests.permissions import Permissions, read_statements, run_as

ACCOUNT = "000000000000"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/heliograph-prod:1"
STACKS = [
    "heliograph-prod",
    "heliograph-prod-alarms",
    "heliograph-prod-api",
    "heliograph-prod-data",
    "heliograph-prod-web",
]
TABLES = ["heliograph-prod-analyses", "heliograph-prod-registry", "heliograph-prod-sources"]
PAUSE = 0.02

WITHOUT_ALARMS = """
import json
from infra import monitoring, stage_stacks

def build_template_without_alarms(*arguments):
    template = monitoring.build_monitoring_template(*arguments)
    resources = template["Resources"].items()
    kept = {name: item for name, item in resources if item["Type"] != "AWS::CloudWatch::Alarm"}
    return {**template, "Resources": kept}

stage_stacks.build_monitoring_template = build_template_without_alarms
"""
"""The emulator has no alarms on sums of metrics; tests/unit/test_monitoring.py checks them."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StackSettings]:
    """An empty emulator, which every client of this process and its children uses."""
    with running_emulator(tmp_path / "emulator") as settings:
        for name, text in settings.make_aws_environment().items():
            monkeypatch.setenv(name, text)
        monkeypatch.setenv("FITTER_IMAGE", IMAGE)
        monkeypatch.setattr(stage_stacks, "build_monitoring_template", stage_stacks.build_monitoring_template)
        exec(WITHOUT_ALARMS, {})  # taken back with the patch
        yield settings


@pytest.fixture
def session(settings: StackSettings) -> Any:
    return boto3.session.Session()


@pytest.fixture
def permissions() -> Permissions:
    """What a deployer called, compared with the policy that infra/deployer_policy.py makes."""
    return Permissions()


@pytest.fixture
def deployer(settings: StackSettings, permissions: Permissions) -> Iterator[Any]:
    """A session that may do what the policy allows, and nothing else."""
    session = boto3.session.Session()
    session.events.register("before-parameter-build", permissions.note_call)
    with run_as("deployer-prod"):
        yield session
    assert permissions.denied == []


@pytest.fixture
def stacks(deployer: Any) -> StageStacks:
    return StageStacks(deployer.client, "prod", {}, PAUSE)


def make_clone(folder: Path) -> Path:
    """Copy what a clone has, and the cache of packages, which would only be made again."""
    ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
    for name in ("chalicelib", "heliograph_guards", "vendor", ".chalice", "infra", "web", "docs"):
        shutil.copytree(PROJECT / name, folder / name, symlinks=True, ignore=ignored)
    for name in ("app.py", "requirements.txt", "constraints.txt"):
        shutil.copy(PROJECT / name, folder / name)
    (folder / ".chalice" / "deployments").symlink_to(PROJECT / ".chalice" / "deployments")
    return folder


def deploy_from(clone: Path) -> tuple[str, str]:
    """Deploy the stage from another clone, and return the addresses of its API and web app."""
    code = WITHOUT_ALARMS + (
        "import boto3; from infra import deploy; "
        f"print(json.dumps(deploy.deploy_stage(boto3.session.Session(), 'prod', {PAUSE})))"
    )
    environment = os.environ | {"PYTHONPATH": str(clone)}
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=clone, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr + result.stdout
    api_url, web_url = json.loads(result.stdout.splitlines()[-1])
    return api_url, web_url


def list_stacks(session: Any) -> dict[str, dict[str, Any]]:
    stacks = session.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"}


def count_apis(session: Any) -> int:
    return len(session.client("apigateway").get_rest_apis()["items"])


def get_function(session: Any, name: str) -> dict[str, Any]:
    function: dict[str, Any] = session.client("lambda").get_function_configuration(
        FunctionName=f"heliograph-prod-{name}"
    )
    return function


def get_alias(session: Any) -> str:
    alias = session.client("lambda").get_alias(FunctionName="heliograph-prod-api_handler", Name="live")
    return str(alias["FunctionVersion"])


def get_gateway_limits(session: Any) -> tuple[float, int]:
    client = session.client("apigateway")
    (api,) = client.get_rest_apis()["items"]
    limits = client.get_stage(restApiId=api["id"], stageName="api")["methodSettings"]["*/*"]
    return limits["throttlingRateLimit"], limits["throttlingBurstLimit"]


def test_smoke_finds_a_deployed_stage(stacks: StageStacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(smoke.SmokeError, match=r"prod is not deployed. `make deploy STAGE=prod`"):
        smoke.find_target("prod")
    outputs = {"EndpointURL": "https://abc.execute-api.us-east-1.amazonaws.com/api/", "WebUrl": "https://web"}
    monkeypatch.setattr(CloudFormationStack, "get_outputs", lambda stack: outputs)
    monkeypatch.setattr(smoke, "PROJECT", tmp_path)
    with pytest.raises(smoke.SmokeError, match=r"token-prod .*infra.admin ensure token-prod"):
        smoke.find_target("prod")
    (tmp_path / "token-prod").write_text("secret\n")
    target = smoke.find_target("prod")
    assert (target.api.url, target.web_url) == ("https://abc.execute-api.us-east-1.amazonaws.com/api", "https://web")
    monkeypatch.setattr(
        CloudFormationStack, "get_parameters", lambda stack: {"PublicUrl": "https://own.example.org/api"}
    )
    assert smoke.find_target("prod").api.url == "https://own.example.org/api"


def test_a_stage_lives_on_in_every_clone(session: Any, deployer: Any, tmp_path: Path) -> None:
    urls = deploy.deploy_stage(deployer, "prod", PAUSE)
    created = list_stacks(session)
    assert sorted(created) == STACKS
    assert created["heliograph-prod-data"]["EnableTerminationProtection"]
    for stack in created.values():
        assert {"Key": "heliograph:stage", "Value": "prod"} in stack["Tags"]
    dynamodb = session.client("dynamodb")
    assert sorted(dynamodb.list_tables()["TableNames"]) == TABLES
    assert all(dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] for name in TABLES)
    assert (get_function(session, "jobs")["Runtime"], get_function(session, "jobs")["Architectures"]) == (
        "python3.13", ["arm64"],
    )  # fmt: skip
    version = get_alias(session)
    assert get_gateway_limits(session) == (500, 1000)

    clone = make_clone(tmp_path / "clone")
    assert deploy_from(clone) == urls
    assert (count_apis(session), get_alias(session)) == (1, version)

    # A parameter reaches the functions, and the version that the API calls.
    (clone / "infra" / "stages" / "prod.toml").write_text(
        'EgressAllowedHosts = "fits.example.org:8443"\nWebOrigin = "https://heliograph.example.org"\n'
        "RequestsPerMinute = 77\nRequestsPerSecond = 7\nRequestsAtOnce = 8\n"
    )
    assert deploy_from(clone) == urls
    assert (count_apis(session), get_alias(session) != version) == (1, True)
    # This clone's file does not name them: they stay.
    assert deploy.deploy_stage(deployer, "prod", PAUSE) == urls
    variables = get_function(session, "api_handler")["Environment"]["Variables"]
    assert (variables["EGRESS_ALLOWED_HOSTS"], variables["REQUESTS_PER_MINUTE"]) == ("fits.example.org:8443", "77")
    assert get_gateway_limits(session) == (7, 8)
    variables = get_function(session, "fit")["Environment"]["Variables"]
    assert variables["EGRESS_ALLOWED_HOSTS"] == "fits.example.org:8443"
    rules = session.client("s3").get_bucket_cors(Bucket=f"heliograph-prod-{ACCOUNT}")["CORSRules"]
    assert rules[1]["AllowedOrigins"] == ["https://heliograph.example.org"]

    record = {"kind": {"S": "user"}, "key": {"S": "1"}}
    dynamodb.put_item(TableName="heliograph-prod-registry", Item=record)
    deploy.open_stacks(deployer, "prod", PAUSE).delete()
    assert sorted(list_stacks(session)) == ["heliograph-prod-data"]
    assert session.client("sqs").list_queues().get("QueueUrls", []) == []
    assert session.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/heliograph-")["logGroups"] == []
    deploy.deploy_stage(deployer, "prod", PAUSE)
    assert sorted(list_stacks(session)) == STACKS
    assert dynamodb.get_item(TableName="heliograph-prod-registry", Key=record)["Item"] == record


def test_what_the_policy_does_not_allow_is_seen(
    stacks: StageStacks, permissions: Permissions, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = {"cloudformation:CreateChangeSet", "secretsmanager:DescribeSecret"}
    statements = read_statements("deployer-prod")
    rest = [{**each, "Action": [name for name in each["Action"] if name not in taken]} for each in statements]
    monkeypatch.setattr("tests.permissions.read_statements", lambda function: rest)
    stacks.deploy_data()
    assert {line.split()[1] for line in permissions.denied} == taken
    permissions.denied.clear()


REFUSED = 99_999_999
"""A visibility timeout that no queue has."""

LAST = {"data": "Images", "backend": "RenderFunction", "api": "RestAPI", "web": "WebBucketPolicy"}
"""In each template a resource; the queue that is added comes after it."""


def add_queues(folder: Path, package: Path, timeout: int = REFUSED) -> tuple[Path, Path]:
    """Write templates that end with a queue; return their folder, and that of the package."""
    broken_package = folder / "package"
    shutil.copytree(package, broken_package)
    files = {name: stage_files.TEMPLATES / f"{name}.yaml" for name in ("data", "backend", "web")}
    for name, file in {**files, "api": package / "sam.json"}.items():
        template = parse_template(file.read_text())
        queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": timeout}, "DependsOn": LAST[name]}
        template["Resources"]["Added"] = queue
        broken_file = broken_package / "sam.json" if name == "api" else folder / f"{name}.yaml"
        broken_file.write_text(json.dumps(template))
    return folder, broken_package


def deploy_stack(stacks: StageStacks, name: str, package: Path) -> None:
    match name:
        case "data":
            stacks.deploy_data()
        case "backend":
            stacks.deploy_backend(IMAGE)
        case "api":
            stacks.deploy_api(package)
        case "web":
            stacks.deploy_web("abc.execute-api.us-east-1.amazonaws.com")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    packaging.package_app("prod", folder)
    return folder


@pytest.mark.parametrize("name", LAST)
def test_a_first_creation_that_failed_is_repeated(
    session: Any, stacks: StageStacks, package: Path, tmp_path: Path, name: str
) -> None:
    if name == "api":
        stacks.deploy_data()
    broken, broken_package = add_queues(tmp_path / "broken", package)
    stack = getattr(stacks, name)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(StackError, match="ended as ROLLBACK_COMPLETE"):
        patch.setattr(stage_stacks, "TEMPLATES", broken)
        deploy_stack(stacks, name, broken_package)
    # AWS does not delete a protected table, not even in a rollback; the emulator does.
    assert stack.get_parameters().get("DeletionProtection", "false") == "false"
    assert session.client("dynamodb").list_tables()["TableNames"] == (TABLES if name == "api" else [])
    deploy_stack(stacks, name, package)
    assert stack.describe()["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


@pytest.mark.parametrize("name", ["data", "backend"])
def test_a_change_that_failed_is_taken_back_and_repeated(
    session: Any, stacks: StageStacks, package: Path, tmp_path: Path, name: str
) -> None:
    deploy_stack(stacks, name, package)
    broken, _ = add_queues(tmp_path / "broken", package)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(StackError, match="UPDATE_ROLLBACK_COMPLETE"):
        patch.setattr(stage_stacks, "TEMPLATES", broken)
        deploy_stack(stacks, name, package)
    mended, _ = add_queues(tmp_path / "mended", package, timeout=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage_stacks, "TEMPLATES", mended)
        deploy_stack(stacks, name, package)
    assert session.client("dynamodb").list_tables()["TableNames"] == (TABLES if name == "data" else [])
    assert getattr(stacks, name).describe()["StackStatus"] == "UPDATE_COMPLETE"


@pytest.mark.parametrize("is_deleted", [False, True])
def test_an_interrupted_first_deployment_is_gone_on_with(session: Any, stacks: StageStacks, is_deleted: bool) -> None:
    deploy_once = CloudFormationStack.deploy

    def interrupt(stack: CloudFormationStack, template: dict[str, str], parameters: dict[str, str]) -> None:
        if parameters["DeletionProtection"] == "true":
            raise KeyboardInterrupt
        deploy_once(stack, template, parameters)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(CloudFormationStack, "deploy", interrupt)
        stacks.deploy_data()
    if is_deleted:
        # Not even a deletion leaves anything that a new creation would find.
        stacks.data.delete()
        assert session.client("dynamodb").list_tables()["TableNames"] == []
    stacks.deploy_data()
    assert list_stacks(session)["heliograph-prod-data"]["EnableTerminationProtection"]
    dynamodb = session.client("dynamodb")
    assert all(dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] for name in TABLES)


def test_nothing_is_lost_when_the_stack_of_the_data_is_deleted_by_hand(session: Any, stacks: StageStacks) -> None:
    stacks.deploy_data()
    stacks.data.set_termination_protection(False)
    stacks.data.delete()
    assert sorted(session.client("dynamodb").list_tables()["TableNames"]) == TABLES
    with pytest.raises(StackError, match="Somebody deleted that stack"):
        stacks.deploy_data()


def test_a_secret_that_waits_for_its_deletion_is_named(session: Any, stacks: StageStacks) -> None:
    client = session.client("secretsmanager")
    arn = client.create_secret(Name="heliograph-prod-secret", SecretBinary=b"x")["ARN"]
    client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    with pytest.raises(StackError, match="--force-delete-without-recovery"):
        stacks.deploy_data()
    assert list_stacks(session) == {}


def test_a_stage_of_an_earlier_version_is_left_as_it_is(session: Any, stacks: StageStacks) -> None:
    template = json.dumps({"Resources": {"Registry": {"Type": "AWS::SQS::Queue"}}})
    session.client("cloudformation").create_stack(StackName="heliograph-prod", TemplateBody=template)
    with pytest.raises(StackError, match="earlier version"):
        stacks.deploy_data()
    assert list(list_stacks(session)) == ["heliograph-prod"]


def describe_tables(session: Any) -> list[dict[str, Any]]:
    """Return the keys, the indexes and the protection of all tables."""
    descriptions = []
    for name in TABLES:
        description = session.client("dynamodb").describe_table(TableName=name)["Table"]
        indexes = [
            {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
            for index in description.get("GlobalSecondaryIndexes", [])
        ]
        parts = {part: description[part] for part in ("KeySchema", "BillingModeSummary", "DeletionProtectionEnabled")}
        descriptions.append({**parts, "indexes": sorted(indexes, key=str)})
    return descriptions


def test_a_stage_with_restored_tables_is_deployed_as_before(session: Any, stacks: StageStacks) -> None:
    stacks.deploy_data()
    dynamodb = session.client("dynamodb")
    record = {"kind": {"S": "user"}, "key": {"S": "1"}}
    dynamodb.put_item(TableName="heliograph-prod-registry", Item=record)
    descriptions = describe_tables(session)
    restore_drill.restore_aside(dynamodb, "prod")
    dynamodb.delete_item(TableName="heliograph-prod-registry", Key=record)

    restore_drill.replace_tables(dynamodb, "prod")
    assert describe_tables(session) != descriptions, "a restored table has not all settings"
    restore_drill.complete_tables(dynamodb, "prod")
    assert describe_tables(session) == descriptions
    assert dynamodb.get_item(TableName="heliograph-prod-registry", Key=record)["Item"] == record
    expiry = dynamodb.describe_time_to_live(TableName="heliograph-prod-analyses")["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    # CloudFormation knows tables by their names.
    stacks.deploy_data()
    StageStacks(session.client, "prod", {"DeletionProtection": "false"}, PAUSE).deploy_data()
    assert not any(each["DeletionProtectionEnabled"] for each in describe_tables(session))
    assert dynamodb.get_item(TableName="heliograph-prod-registry", Key=record)["Item"] == record
