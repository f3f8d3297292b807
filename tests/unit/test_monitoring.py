"""Everything that is deployed has its alarms, and CloudFormation takes them."""

import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from chalicelib import queues
from infra.deployed_functions import read_functions
from infra.monitoring import Alarm, build_monitoring_template, dump_template, list_alarms
from tests.stage import load_template_resources

ALARMS = list_alarms(1000)


def list_alarms_of(subject: str) -> set[str]:
    return {alarm.what for alarm in ALARMS if alarm.subject == subject}


@pytest.mark.parametrize("function", read_functions())
def test_every_function_has_its_alarms(function: str) -> None:
    assert {"errors", "logged-errors", "throttles", "duration"} <= list_alarms_of(function)


@pytest.mark.parametrize("queue", queues.WORKED)
def test_every_queue_has_its_alarms(queue: str) -> None:
    assert {"oldest-message", "dead-letters"} <= list_alarms_of(queue)
    (dead,) = [alarm for alarm in ALARMS if (alarm.subject, alarm.what) == (queue, "dead-letters")]
    assert {metric.name.removeprefix("ApproximateNumberOfMessages") for metric in dead.metrics} == {
        "Visible", "NotVisible",
    }  # fmt: skip


def test_every_table_and_index_is_watched() -> None:
    resources = load_template_resources().values()
    for resource in resources:
        if resource["Type"] == "AWS::DynamoDB::Table":
            name = resource["Properties"]["TableName"]["Fn::Sub"].removeprefix("heliograph-local-")
            indexes = {index["IndexName"] for index in resource["Properties"].get("GlobalSecondaryIndexes", ())}
            for kind in ("read-throttles", "write-throttles"):
                assert list_watched_indexes(name, kind) == {None, *indexes}


def list_watched_indexes(subject: str, what: str) -> set[str | None]:
    (alarm,) = [alarm for alarm in ALARMS if (alarm.subject, alarm.what) == (subject, what)]
    return {metric.dimensions.get("GlobalSecondaryIndexName") for metric in alarm.metrics}


def test_every_queue_of_the_template_is_watched() -> None:
    names = {
        resource["Properties"]["QueueName"]["Fn::Sub"].removeprefix("heliograph-local-")
        for resource in load_template_resources().values()
        if resource["Type"] == "AWS::SQS::Queue"
    }
    assert names == {*queues.ALL, *(f"{queue}-dead" for queue in queues.WORKED)}
    assert {queue for queue in queues.ALL if "oldest-message" in list_alarms_of(queue)} == set(queues.ALL)


def test_the_template_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "monitoring.json"
    file.write_text(dump_template(build_monitoring_template("prod" * 4, 1000)))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "parseable", str(file)]
    assert subprocess.run(command, check=False, capture_output=True, text=True).stdout == ""
    assert len(file.read_bytes()) < 51_200, "CloudFormation takes a larger template from S3 only"


def test_cloudwatch_takes_every_alarm_and_metric_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the service's own model: no emulator makes alarms from a template."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    resources = build_monitoring_template("prod", 1000)["Resources"].values()
    topic = "arn:aws:sns:us-east-1:123456789012:heliograph-prod-alarms"
    with mock_aws():
        session = boto3.session.Session(region_name="us-east-1")
        cloudwatch, logs = session.client("cloudwatch"), session.client("logs")
        for resource in resources:
            properties = resource["Properties"]
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": "Topic"}]
                cloudwatch.put_metric_alarm(**{**properties, "AlarmActions": [topic], "OKActions": [topic]})
            if resource["Type"] == "AWS::Logs::MetricFilter":
                logs.create_log_group(logGroupName=properties["LogGroupName"])
                names = {name[0].lower() + name[1:]: value for name, value in properties.items()}
                (metric,) = names.pop("metricTransformations")
                metric = {name[0].lower() + name[1:]: value for name, value in metric.items()}
                logs.put_metric_filter(filterName="errors", metricTransformations=[metric], **names)
        assert len(cloudwatch.describe_alarms(MaxRecords=100)["MetricAlarms"]) == len(ALARMS)


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.resource_id)
def test_an_alarm_says_where_the_runbook_explains_it(alarm: Alarm) -> None:
    properties = alarm.build()["Properties"]
    assert properties["AlarmDescription"].endswith(f"docs/runbook.md#{alarm.what}.")
    assert len(properties["Metrics"]) - 1 <= 10, "CloudWatch takes ten metrics in an alarm"
    assert properties["TreatMissingData"] == ("breaching" if alarm.is_least else "notBreaching")
