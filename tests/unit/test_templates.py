"""The templates and the policies are valid for AWS, and grant only what is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from app import app
from chalicelib import settings
from infra import PROJECT, packaging
from infra.chalice_adapter import generate_api_document
from infra.deployed_functions import read_functions
from infra.gateway_responses import make_gateway_responses
from infra.local.front_door import static
from infra.monitoring import list_alarms
from infra.sam_translation import translate_template
from tests.permissions import to_list

TEMPLATES = sorted(path for path in (PROJECT / "infra" / "templates").glob("*.yaml") if path.stem != "api")
"""That of the API is a part of what Chalice makes: it is checked in the packaged app."""

POLICIES = sorted((PROJECT / ".chalice").glob("policy-*.json"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    packaging.package_app("prod", folder)
    return folder


def run_cfn_lint(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "parseable", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=PROJECT).stdout


@pytest.fixture(scope="module")
def app_template(package: Path) -> dict[str, Any]:
    template: dict[str, Any] = json.loads((package / "sam.json").read_text())
    return template


def test_the_templates_are_valid(package: Path, tmp_path: Path) -> None:
    packaging.package_app("local", tmp_path)
    assert run_cfn_lint(*map(str, TEMPLATES), str(package / "sam.json"), str(tmp_path / "sam.json")) == ""


def test_cloudformation_takes_the_templates_without_a_bucket() -> None:
    assert {path.stem for path in TEMPLATES} == {"data", "backend", "web"}
    for path in TEMPLATES:
        assert path.stat().st_size < 51_200, path.name


def get_resources(*kinds: str) -> dict[str, Any]:
    """Return the templates' resources of these kinds."""
    resources = {name: item for path in TEMPLATES for name, item in cfn_yaml.load(str(path))["Resources"].items()}
    return {name: resource for name, resource in resources.items() if resource["Type"] in kinds}


def test_what_holds_records_is_kept_and_only_that() -> None:
    for path in TEMPLATES:
        for name, resource in cfn_yaml.load(str(path))["Resources"].items():
            policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
            if path.stem == "data":
                assert policies == ("RetainExceptOnCreate", "Retain"), name
            else:
                assert "Retain" not in str(policies), name


def test_blobs_are_kept_as_long_as_tables_can_be_restored() -> None:
    for resource in get_resources("AWS::DynamoDB::Table").values():
        recovery = resource["Properties"]["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}  # for 35 days, unless it says less
    bucket = get_resources("AWS::S3::Bucket")["Bucket"]["Properties"]
    assert bucket["VersioningConfiguration"]["Fn::If"][:2] == ["Versioned", {"Status": "Enabled"}]
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["earlier-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 35
    assert "Prefix" not in rules["earlier-versions"]
    shorter = {
        name for name, rule in rules.items() if rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays") == 1
    }
    assert shorter == {"uploads", "fits"}  # which no record names


def test_every_function_logs_to_a_group_that_expires(app_template: dict[str, Any]) -> None:
    kinds = ("AWS::Lambda::Function", "AWS::Serverless::Function", "AWS::Logs::LogGroup")
    resources = get_resources(*kinds) | app_template["Resources"]
    functions = [resource["Properties"] for resource in resources.values() if resource["Type"] in kinds[:2]]
    assert len(functions) == 8
    for function in functions:
        logging = function["LoggingConfig"]
        assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", "INFO")
        group = resources[logging["LogGroup"]["Ref"]]["Properties"]
        assert group["RetentionInDays"] == 30
        names = [get_text(group["LogGroupName"]), get_text(function["FunctionName"])]
        assert names[0] == f"/aws/lambda/{names[1]}"


def get_text(value: Any) -> str:
    return str(value["Fn::Sub"] if isinstance(value, dict) else value)


def test_no_function_makes_a_log_group_that_its_stack_would_find(app_template: dict[str, Any]) -> None:
    resources = get_resources("AWS::IAM::Role") | app_template["Resources"]
    assert "logs:CreateLogGroup" not in json.dumps(resources)


def test_functions_are_for_lambdas_python_and_processor(app_template: dict[str, Any]) -> None:
    for resource in app_template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            assert (resource["Properties"]["Runtime"], resource["Properties"]["Architectures"]) == (
                "python3.13", ["arm64"],
            )  # fmt: skip
    for function in get_resources("AWS::Lambda::Function").values():
        assert function["Properties"]["Architectures"] == ["arm64"]


def test_the_api_calls_versions_that_start_from_snapshots(app_template: dict[str, Any]) -> None:
    resources = app_template["Resources"]
    assert resources["APIHandler"]["Properties"]["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert resources["APIHandlerInvokePermission"]["Properties"]["FunctionName"] == {"Ref": "APIHandlerAliaslive"}
    uris = set(re.findall(r"functions/\$\{([^}]*)\}/invocations", json.dumps(resources["RestAPI"])))
    assert uris == {"APIHandlerAliaslive"}


def test_parameters_have_the_defaults_of_the_code(app_template: dict[str, Any]) -> None:
    variables = app_template["Globals"]["Function"]["Environment"]["Variables"]
    for variable, reference in variables.items():
        parameter = app_template["Parameters"][reference["Ref"]]
        if variable != "DISPATCH_CONCURRENCY":  # the stage of the tests has another
            assert parameter["Default"] == getattr(settings, variable, ""), variable
    assert {"PUBLIC_URL", "EGRESS_ALLOWED_HOSTS", "REQUESTS_PER_MINUTE"} <= variables.keys()


def test_every_parameter_is_used(app_template: dict[str, Any]) -> None:
    templates = [cfn_yaml.load(str(path)) for path in TEMPLATES]
    for template in (*templates, app_template):
        text = json.dumps(template)
        for name in template["Parameters"]:
            assert f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text, name


def test_memory_is_that_of_chalices_configuration(app_template: dict[str, Any]) -> None:
    # Which `chalice deploy` and the local stack use.
    configuration = json.loads((PROJECT / ".chalice" / "config.json").read_text())
    parameters = app_template["Parameters"]
    assert parameters["ApiMemory"]["Default"] == configuration["lambda_memory_size"]
    documents = configuration["lambda_functions"]["documents"]
    assert parameters["DocumentsMemory"]["Default"] == documents["lambda_memory_size"]


def test_every_bucket_is_private_and_requires_tls() -> None:
    buckets = get_resources("AWS::S3::Bucket")
    policies = {
        policy["Properties"]["Bucket"]["Ref"]: policy for policy in get_resources("AWS::S3::BucketPolicy").values()
    }
    assert buckets.keys() == policies.keys()
    for name, bucket in buckets.items():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        statements = policies[name]["Properties"]["PolicyDocument"]["Statement"]
        assert statements[0]["Sid"] == "TlsOnly"
        for statement in statements[1:]:
            assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
            assert "WebDistribution" in json.dumps(statement["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_pages_have_the_same_security_headers_on_aws_and_locally() -> None:
    (headers,) = get_resources("AWS::CloudFront::ResponseHeadersPolicy").values()
    security = headers["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    joined = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"]
    rules = [rule["Fn::Sub"] if isinstance(rule, dict) else rule for rule in joined[1]]
    local_rules = static.HEADERS["Content-Security-Policy"].split("; ")
    assert [rule for rule in rules if "connect-src" not in rule] == [
        rule for rule in local_rules if "connect-src" not in rule
    ]
    (connect,) = [rule for rule in rules if "connect-src" in rule]
    hosts = connect.split()[1:]
    assert hosts[:2] == ["'self'", "https://${ApiHost}"]
    assert all(host.startswith("https://heliograph-${Stage}-${AWS::AccountId}.s3.") for host in hosts[2:])
    assert "*" not in connect
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == static.HEADERS["Referrer-Policy"]
    assert security["FrameOptions"]["FrameOption"] == static.HEADERS["X-Frame-Options"]
    assert all(rule["Override"] for rule in security.values())
    items = headers["Properties"]["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]
    custom = {item["Header"]: item["Value"] for item in items}
    assert custom.keys() == {"Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy"}
    assert custom.items() <= static.HEADERS.items()


def test_presigned_urls_work_from_pages_of_any_origin() -> None:
    data = get_resources("AWS::S3::Bucket")["Bucket"]["Properties"]
    read_rule, write_rule = data["CorsConfiguration"]["CorsRules"]
    # After a redirect a browser sends "Origin: null".
    assert (read_rule["AllowedOrigins"], read_rule["AllowedMethods"]) == (["*"], ["GET", "HEAD"])
    assert (write_rule["AllowedOrigins"], write_rule["AllowedMethods"]) == ([{"Ref": "WebOrigin"}], ["PUT"])


def test_gateway_errors_carry_the_envelope(app_template: dict[str, Any]) -> None:
    api = app_template["Resources"]["RestAPI"]["Properties"]
    responses = api["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "REQUEST_TOO_LARGE"} <= responses.keys()
    for response in responses.values():
        body = response["responseTemplates"]["application/json"]
        message = json.loads(body.replace("$context.error.messageString", '"what went wrong"'))
        assert message.keys() == {"status", "message", "data", "version"}
        assert message["status"] == "error"
        assert response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_the_gateway_bounds_the_requests_of_all_clients(app_template: dict[str, Any]) -> None:
    (limits,) = translate_template(app_template, {})["Resources"]["RestAPIapiStage"]["Properties"]["MethodSettings"]
    assert limits["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert limits["ThrottlingBurstLimit"] == {"Ref": "RequestsAtOnce"}
    assert (limits["ResourcePath"], limits["HttpMethod"]) == ("/*", "*")


def test_the_guide_names_the_limits_of_the_gateway(app_template: dict[str, Any]) -> None:
    parameters = app_template["Parameters"]
    limits = (parameters["RequestsPerSecond"]["Default"], parameters["RequestsAtOnce"]["Default"])
    guide = (PROJECT / "docs" / "operators.md").read_text()
    assert "on AWS | {} a second, {} at once".format(*limits) in guide
    assert "| `RequestsPerSecond`, `RequestsAtOnce` | {}, {} |".format(*limits) in guide


def list_triggers(template: dict[str, Any]) -> dict[str, Any]:
    resources = get_resources("AWS::Lambda::EventSourceMapping") | translate_template(template, {})["Resources"]
    return {name: item["Properties"] for name, item in resources.items() if item["Type"].endswith("EventSourceMapping")}


def test_every_trigger_of_a_queue_has_a_maximum(app_template: dict[str, Any], tmp_path: Path) -> None:
    triggers = list_triggers(app_template)
    assert len(triggers) == 8
    for name, trigger in triggers.items():
        maximum = trigger["ScalingConfig"]["MaximumConcurrency"]
        assert re.search(r'{"Ref": "\w+Concurrency"}', json.dumps(maximum)), name
    packaging.package_app("local", tmp_path)
    for name, trigger in list_triggers(json.loads((tmp_path / "sam.json").read_text())).items():
        assert trigger["ScalingConfig"]["MaximumConcurrency"], name


def list_named_alarms(template: dict[str, Any]) -> set[str]:
    alarms = template["Resources"]["APIHandlerDeploymentGroup"]["Properties"]["AlarmConfiguration"]["Alarms"]
    return {alarm["Name"]["Fn::Sub"].replace("${AWS::StackName}", "heliograph-prod-api") for alarm in alarms}


def test_a_release_is_a_canary_only_if_asked_for(app_template: dict[str, Any]) -> None:
    plain = translate_template(app_template, {})
    assert "CodeDeploy" not in json.dumps(plain)
    canary = translate_template(app_template, {"CanaryReleases": "true"})
    added = {item["Type"] for name, item in canary["Resources"].items() if name not in plain["Resources"]}
    assert added == {"AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup", "AWS::IAM::Role"}
    changed = {name for name, item in plain["Resources"].items() if canary["Resources"][name] != item}
    assert changed == {"APIHandlerAliaslive"}
    alarms = {alarm.build()["Properties"]["AlarmName"].replace("STAGE", "prod") for alarm in list_alarms(1000)}
    assert list_named_alarms(canary) and list_named_alarms(canary) <= alarms


def test_what_is_added_by_a_parameter_is_absent_by_default(app_template: dict[str, Any]) -> None:
    assert [app_template["Parameters"][name]["Default"] for name in ("ApiReservedConcurrency", "WebAclArn")] == [0, ""]
    assert app_template["Conditions"] == {
        "HasReservedConcurrency": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ApiReservedConcurrency"}, 0]}]},
        "HasWebAcl": {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebAclArn"}, ""]}]},
    }
    function = app_template["Resources"]["APIHandler"]["Properties"]
    assert function["ReservedConcurrentExecutions"]["Fn::If"][0] == "HasReservedConcurrency"
    association = translate_template(app_template, {})["Resources"]["WebAclAssociation"]
    assert association["Condition"] == "HasWebAcl"
    assert association["Properties"]["ResourceArn"]["Fn::Sub"].endswith(
        "/restapis/${RestAPI}/stages/${RestAPIapiStage}"
    )
    (distribution,) = get_resources("AWS::CloudFront::Distribution").values()
    assert distribution["Properties"]["DistributionConfig"]["WebACLId"]["Fn::If"][0] == "HasWebAcl"


def test_every_route_of_the_api_document_reaches_the_app() -> None:
    # The document of `chalice deploy`, which no emulator accepts.
    document = generate_api_document(app, "arn:aws:lambda:us-east-1:000000000000:function:heliograph-prod")
    assert document["paths"].keys() == app.routes.keys()
    for path, operations in document["paths"].items():
        assert operations.keys() - {"options"} == {method.lower() for method in app.routes[path]}
        for method, operation in operations.items():
            integration = operation["x-amazon-apigateway-integration"]
            assert (integration["type"] == "mock") == (method == "options")
            parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert parameters == set(re.findall(r"{(\w+)}", path)) or method == "options"


def test_the_api_has_the_name_that_its_alarms_watch(app_template: dict[str, Any]) -> None:
    (watched,) = {
        metric.dimensions["ApiName"].replace("STAGE", "prod")
        for alarm in list_alarms(1000)
        for metric in alarm.metrics
        if "ApiName" in metric.dimensions
    }
    api = app_template["Resources"]["RestAPI"]["Properties"]
    assert api["Name"] == api["DefinitionBody"]["info"]["title"] == watched


def test_an_unknown_route_is_not_found() -> None:
    assert make_gateway_responses()["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"


def test_every_function_has_its_own_policy() -> None:
    functions = json.loads((PROJECT / ".chalice" / "config.json").read_text())["lambda_functions"]
    files = {function["iam_policy_file"] for function in functions.values()}
    assert files == {path.name for path in POLICIES}


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_a_policy_names_only_resources_of_heliograph(path: Path) -> None:
    policy = json.loads(path.read_text())
    assert policy["Version"] == "2012-10-17"
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = to_list(statement["Action"])
        assert not [action for action in actions if action.endswith(":*") or action == "*"]
        for resource in to_list(statement["Resource"]):
            assert is_our_resource(resource, statement, actions), f"{path.name}: {resource}"


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_indexes_are_only_queried(path: Path) -> None:
    for statement in json.loads(path.read_text())["Statement"]:
        indexes = [resource for resource in to_list(statement["Resource"]) if "/index/" in resource]
        # Nothing else names an index: a table's own items are read and written without one.
        assert not indexes or (statement["Action"], indexes) == (["dynamodb:Query"], statement["Resource"])


def is_our_resource(resource: str, statement: dict[str, object], actions: list[str]) -> bool:
    # Lambda names log groups. A key has no name, so the condition must name its alias.
    if all(action.startswith("logs:") for action in actions):
        return True
    if all(action.startswith("kms:") for action in actions):
        return "alias/heliograph-" in json.dumps(statement.get("Condition", {}))
    return "heliograph-" in resource


def test_only_dispatch_decrypts_credentials() -> None:
    holders = {path.name for path in POLICIES if "kms:Decrypt" in path.read_text()}
    assert holders <= {"policy-dispatch.json"}


@pytest.mark.parametrize(
    ("queue", "function"),
    [
        ("dispatch", "dispatch"),
        ("dispatch-dead", "dead_letters"),
        ("fit", "fit"),
        ("fit-dead", "fit"),
        ("spectrum", "fit"),
        ("spectrum-dead", "fit"),
        ("jobs", "jobs"),
    ],
)
def test_a_message_is_hidden_for_six_times_as_long_as_its_function_may_take(queue: str, function: str) -> None:
    queues = [each["Properties"] for each in get_resources("AWS::SQS::Queue").values()]
    (properties,) = [each for each in queues if each["QueueName"]["Fn::Sub"].endswith(f"}}-{queue}")]
    assert properties["VisibilityTimeout"] >= 6 * read_functions()[function].seconds
    assert properties.get("RedrivePolicy", {}).get("maxReceiveCount", 5) >= 5


def test_fits_of_batches_go_by_dozens_and_on_alone_in_the_queue_of_fits() -> None:
    (trigger,) = [
        each["Properties"]
        for each in get_resources("AWS::Lambda::EventSourceMapping").values()
        if each["Properties"]["EventSourceArn"] == {"Fn::GetAtt": ["FitBatchQueue", "Arn"]}
    ]
    local, deployed = trigger["BatchSize"]["Fn::If"][1:]
    assert (local, deployed) == (4, 24)
    # Lambda refuses more than ten messages without a window
    assert trigger["MaximumBatchingWindowInSeconds"] >= 1
    assert trigger["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = get_resources("AWS::SQS::Queue")["FitBatchQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * read_functions()["fit"].seconds
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": {"Fn::GetAtt": ["FitQueue", "Arn"]}, "maxReceiveCount": 1}


def test_others_that_take_several_messages_report_each() -> None:
    for name, trigger in get_resources("AWS::Lambda::EventSourceMapping").items():
        properties = trigger["Properties"]
        assert properties["BatchSize"] == 1 or "FunctionResponseTypes" in properties, name


def test_old_images_expire_and_their_tags_are_immutable() -> None:
    (images,) = get_resources("AWS::ECR::Repository").values()
    properties = images["Properties"]
    (rule,) = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}
    assert properties["ImageTagMutability"] == "IMMUTABLE" and images["DeletionPolicy"].startswith("Retain")
