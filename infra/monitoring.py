"""The template of the alarms and the dashboard, made from what is deployed.

Every function, queue and table gets its alarms here, so that none can be forgotten. An alarm is named
``heliograph-<stage>-<subject>-<what>``; docs/runbook.md has a section for each `what`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.deployed_functions import DeployedFunction, read_functions

QUEUES = {"dispatch": 3600, "fit": 1800, "fit-batch": 1800, "spectrum": 1800, "jobs": 3600}
"""Queues, and the seconds that a message may wait; those of `dispatch` and `jobs` may be delayed on purpose."""

WITHOUT_DEAD_LETTERS = ("fit-batch",)
"""Queues whose failed messages go on in another queue."""

TABLES: dict[str, tuple[str, ...]] = {
    "registry": (),
    "sources": ("by_time", "by_name", "by_search", "by_zone"),
    "analyses": ("by_source", "by_service", "by_watch", "by_line", "by_listing"),
}
"""Tables with their indexes."""

PERIOD = 300
"""Seconds over which a metric is summed."""

BUSY_SHARE = 0.7
"""Share of the account's concurrent invocations from which on an alarm is raised."""

SLOW_SHARE = 0.8
"""Share of a function's timeout from which on an alarm is raised."""

SLOW_ANSWER = 10_000
"""Milliseconds that one request of a hundred may take longer."""

MOST_GATEWAY_ERRORS = 5
MOST_THROTTLES = 10
"""Answers of 5xx, and refused invocations, in `PERIOD` that are no alarm yet."""

Resource = dict[str, Any]


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch, and how its values within a period become one."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    statistic: str = "Sum"

    def describe(self, number: int) -> Resource:
        """Return the metric as an alarm names it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}
        stat = {"Metric": metric, "Period": PERIOD, "Stat": self.statistic}
        return {"Id": f"m{number}", "MetricStat": stat, "ReturnData": False}


@dataclass(frozen=True)
class Alarm:
    """An alarm: the sum of some metrics, scaled, compared with a threshold.

    Attributes
    ----------
    subject : str
        What it watches: a function, a queue, a table, the API, the account.
    what : str
        What is wrong; a section of the runbook.
    text : str
        The same in words.
    metrics : tuple of Metric
        Their sum is compared.
    threshold : float
        The highest value without alarm; with `is_least`, the lowest.
    is_least : bool
        Whether less than the threshold is an alarm, and so is a missing value.
    divisor : str
        What the sum is divided by.
    """

    subject: str
    what: str
    text: str
    metrics: tuple[Metric, ...]
    threshold: float
    is_least: bool = False
    divisor: int = 1

    @property
    def resource_id(self) -> str:
        """The logical id in the template."""
        words = f"{self.subject}-{self.what}".replace("_", "-").split("-")
        return "".join(word[:1].upper() + word[1:] for word in words)

    def build(self) -> Resource:
        """Return the resource of the template."""
        total = " + ".join(f"FILL(m{number}, 0)" for number in range(len(self.metrics)))
        expression = {"Id": "total", "Expression": f"({total}) / {self.divisor}"}
        properties = {
            "AlarmName": f"heliograph-STAGE-{self.subject}-{self.what}",
            "AlarmDescription": f"{self.text} See docs/runbook.md#{self.what}.",
            "Metrics": [expression, *(metric.describe(number) for number, metric in enumerate(self.metrics))],
            "EvaluationPeriods": 1,
            "Threshold": self.threshold,
            "ComparisonOperator": "LessThanThreshold" if self.is_least else "GreaterThanThreshold",
            "TreatMissingData": "breaching" if self.is_least else "notBreaching",
            "AlarmActions": [{"Ref": "Topic"}],
            "OKActions": [{"Ref": "Topic"}],
        }
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def list_alarms(concurrency_limit: int) -> list[Alarm]:
    """Return all alarms of a deployment; `STAGE` in their names stands for the stage."""
    return [
        *(alarm for function in read_functions().values() for alarm in _list_function_alarms(function)),
        *(alarm for queue in QUEUES for alarm in _list_queue_alarms(queue)),
        *(alarm for table_name in TABLES for alarm in _list_table_alarms(table_name)),
        *_list_other_alarms(concurrency_limit),
    ]


def _list_function_alarms(function: DeployedFunction) -> Iterator[Alarm]:
    def watch(name: str, statistic: str = "Sum") -> tuple[Metric, ...]:
        return (Metric("AWS/Lambda", name, {"FunctionName": _name_resource(function.name)}, statistic),)

    name = function.name
    yield Alarm(name, "errors", "Invocations fail.", watch("Errors"), 0)
    yield Alarm(name, "throttles", "Invocations are refused.", watch("Throttles"), MOST_THROTTLES)
    longest = SLOW_SHARE * 1000 * function.seconds
    yield Alarm(name, "duration", "It needs nearly all of its time.", watch("Duration", "Maximum"), longest)
    logged = (Metric("Heliograph", _name_logged_errors(name), {}),)
    yield Alarm(name, "logged-errors", "It logs errors and goes on.", logged, 0)


def _list_queue_alarms(queue: str) -> Iterator[Alarm]:
    def watch(name: str, suffix: str = "") -> Metric:
        return Metric("AWS/SQS", name, {"QueueName": _name_resource(f"{queue}{suffix}")}, "Maximum")

    age = (watch("ApproximateAgeOfOldestMessage"),)
    yield Alarm(queue, "oldest-message", "Messages wait too long.", age, QUEUES[queue])
    if queue in WITHOUT_DEAD_LETTERS:
        return
    # The hidden ones, too: a function that keeps failing hides its message most of the time.
    depth = tuple(watch(f"ApproximateNumberOfMessages{kind}", "-dead") for kind in ("Visible", "NotVisible"))
    yield Alarm(queue, "dead-letters", "Messages failed too often.", depth, 0)


def _list_table_alarms(table_name: str) -> Iterator[Alarm]:
    places: list[dict[str, str]] = [{}, *({"GlobalSecondaryIndexName": index} for index in TABLES[table_name])]
    for kind in ("Read", "Write"):
        metrics = tuple(
            Metric("AWS/DynamoDB", f"{kind}ThrottleEvents", {"TableName": _name_resource(table_name), **place})
            for place in places
        )
        yield Alarm(table_name, f"{kind.lower()}-throttles", "DynamoDB refuses calls for their rate.", metrics, 0)


def _list_other_alarms(concurrency_limit: int) -> Iterator[Alarm]:
    stage = {"ApiName": "heliograph-STAGE", "Stage": "api"}
    errors = (Metric("AWS/ApiGateway", "5XXError", stage),)
    yield Alarm("api", "server-errors", "Requests are answered with 5xx.", errors, MOST_GATEWAY_ERRORS)
    latency = (Metric("AWS/ApiGateway", "Latency", stage, "p99"),)
    yield Alarm("api", "latency", "Requests take long.", latency, SLOW_ANSWER)
    used = (Metric("AWS/Lambda", "ConcurrentExecutions", {}, "Maximum"),)
    text = "The account is near its limit of concurrent invocations."
    yield Alarm("account", "concurrency", text, used, BUSY_SHARE, divisor=concurrency_limit)
    runs = (Metric("AWS/Lambda", "Invocations", {"FunctionName": _name_resource("sweep")}),)
    yield Alarm("sweep", "did-not-run", "The sweep did not run.", runs, 1, is_least=True)


def build_monitoring_template(stage: str, concurrency_limit: int) -> dict[str, Any]:
    """Return the CloudFormation template of the alarms, who is told of them, and the dashboard.

    Parameters
    ----------
    stage : str
        The stage that is watched.
    concurrency_limit : int
        How many invocations the account may have at once.
    """
    alarms = list_alarms(concurrency_limit)
    subscription = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "heliograph-STAGE-alarms"}},
        "Subscription": {"Type": "AWS::SNS::Subscription", "Condition": "HasEmail", "Properties": subscription},
        **{f"Count{alarm.resource_id}": _count_errors(alarm) for alarm in alarms if alarm.what == _LOGGED},
        **{alarm.resource_id: alarm.build() for alarm in alarms},
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": "heliograph-STAGE", "DashboardBody": {"Fn::Sub": _dump_dashboard()}},
        },
    }
    email = {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"([^@\s]+@[^@\s]+)?",
        "ConstraintDescription": "an e-mail address, or nothing",
        "Description": "Is told of alarms; nobody is if it is empty.",
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Heliograph's alarms and dashboard.",
        "Parameters": {"AlarmEmail": email},
        "Conditions": {"HasEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}},
        "Resources": resources,
    }
    return dict(json.loads(json.dumps(template).replace("STAGE", stage)))


def dump_template(template: dict[str, Any]) -> str:
    """Return a template as JSON without blanks: CloudFormation takes 51,200 bytes, and more from S3 only."""
    return json.dumps(template, separators=(",", ":"))


_LOGGED = "logged-errors"


def _count_errors(alarm: Alarm) -> Resource:
    """Return the filter that counts the errors in a function's log."""
    pattern = '{ ($.level = "ERROR") || ($.level = "CRITICAL") }'
    properties = {
        "LogGroupName": f"/aws/lambda/{_name_resource(alarm.subject)}",
        "FilterPattern": pattern,
        "MetricTransformations": [
            {"MetricNamespace": "Heliograph", "MetricName": _name_logged_errors(alarm.subject), "MetricValue": "1"}
        ],
    }
    return {"Type": "AWS::Logs::MetricFilter", "Properties": properties}


def _name_resource(name: str) -> str:
    return f"heliograph-STAGE-{name}"


def _name_logged_errors(function: str) -> str:
    return f"LoggedErrors-STAGE-{function}"


def _dump_dashboard() -> str:
    """Return the dashboard's body: requests, functions, queues, analyses."""
    names = [_name_resource(name) for name in read_functions()]
    api = ["ApiName", "heliograph-STAGE", "Stage", "api"]
    requests = [["AWS/ApiGateway", name, *api] for name in ("Count", "4XXError", "5XXError")]
    latency = [["AWS/ApiGateway", "Latency", *api, {"stat": statistic}] for statistic in ("p50", "p99")]
    queues = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", _name_resource(name)] for name in QUEUES]
    ages = [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", _name_resource(name)] for name in QUEUES]
    widgets: list[tuple[str, list[list[Any]], str]] = [
        ("Requests", requests, "Sum"),
        ("Milliseconds of a request", latency, "p99"),
        ("Messages in the queues", queues, "Maximum"),
        ("Age of the oldest message (s)", ages, "Maximum"),
    ]
    kinds = {"Invocations": "Sum", "Errors": "Sum", "Duration": "p99", "ConcurrentExecutions": "Maximum"}
    for kind, statistic in kinds.items():
        metrics: list[list[Any]] = [["AWS/Lambda", kind, "FunctionName", name] for name in names]
        widgets.append((f"Functions: {kind}", metrics, statistic))
    body = {"widgets": [_describe_widget(number, *widget) for number, widget in enumerate(widgets)]}
    # without blanks: the template has a largest size
    return json.dumps(body, separators=(",", ":"))


def _describe_widget(number: int, title: str, metrics: list[list[Any]], statistic: str) -> Resource:
    properties = {
        "title": title, "metrics": metrics, "stat": statistic, "period": PERIOD, "region": "${AWS::Region}",
        "view": "timeSeries",
    }  # fmt: skip
    place = {"x": 12 * (number % 2), "y": 6 * (number // 2), "width": 12, "height": 6}
    return {"type": "metric", **place, "properties": properties}
