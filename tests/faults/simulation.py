"""The app on moto with all that moves it: clients, queues with dead letters, the sweep, services, time."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from chalicelib import aws, egress, people, queues, settings, workers
from chalicelib.errors import RetryLater
from tests.api.story import LIGHT_CURVE
from tests.faults.edges import Accepted, Clock, Functions, Services
from tests.faults.injector import Crash, Fault, Injector
from tests.faults.records import get_bucket, get_client
from tests.gateway import Gateway, Reply
from tests.moto_adapter import copy_tables, list_message_bodies, restore_tables
from tests.stage import load_template_resources, make_stage

__all__ = ["LIGHT_CURVE", "Breach", "Client", "Simulation", "open_simulation"]

API_SECONDS = 24.0
"""How long a slow call may hold a request, which ends after 29 seconds."""

QUEUES = {
    queues.DISPATCH: (workers.handle_dispatch, 70.0),
    queues.DEAD_LETTERS: (workers.handle_dead_letter, 24.0),
    queues.JOBS: (workers.handle_job, 290.0),
}
"""The function of each queue, and how long a slow call may hold it."""

CLIENT_ATTEMPTS = 15
SWEEP_SECONDS = 61.0
ROUNDS = 60
"""Minutes after which everything has happened, unless it waits for a deadline; then time passes by hours."""

FINAL_ROUNDS = 30

MOST_DELIVERIES = 1000

DAY_SECONDS = 25 * 3600.0


class Breach(AssertionError):  # noqa: N818 - what it is called everywhere here
    """Something does not hold that must hold after any fault."""


@dataclass
class Client:
    """A user's client: it repeats what a crash or a 5xx left unanswered, and each call can meet a fault."""

    simulation: "Simulation"
    gateway: Gateway

    def get(self, path: str) -> Any:
        return self.ask("GET", path).json.get("data")

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        return self.ask("POST", path, body, key).json.get("data")

    def put(self, path: str, body: Any = None) -> Any:
        return self.ask("PUT", path, body).json.get("data")

    def patch(self, path: str, body: Any = None) -> Any:
        return self.ask("PATCH", path, body).json.get("data")

    def delete(self, path: str) -> Any:
        return self.ask("DELETE", path).json.get("data")

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Reply:
        """Send a request until it is answered; it must be answered with 200.

        A request that was repeated may also be refused by what its first attempt wrote, if it has no key.
        """
        reply, is_repeated = self.send(method, path, body, key)
        if reply.status not in (200, 303, 302, 307) and not (is_repeated and method == "POST" and not key):
            raise Breach(f"{method} {path} answered {reply.status}{' when repeated' * is_repeated}: {reply.text[:200]}")
        return reply

    def send(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[Reply, bool]:
        """Send a request until it is answered by less than 500 and no 429; return whether it was repeated."""
        headers = {"idempotency-key": key} if key else {}
        for attempt in range(CLIENT_ATTEMPTS):
            reply = self.simulation.answer(self.gateway, method, path, body, headers)
            if reply is not None and reply.status < 500 and reply.status != 429:
                return reply, attempt > 0
            self.simulation.clock.advance(2.0)
        raise Breach(f"{method} {path}: no answer in {CLIENT_ATTEMPTS} attempts ({reply.text[:200] if reply else ''})")


@dataclass(repr=False)
class Simulation:
    """The app, its surroundings and what they have done since `reset`.

    Attributes
    ----------
    admin : Gateway
        An administrator, whose requests meet no fault.
    ada : Client
        A user with every permission, whose requests can meet a fault.
    documents : dict
        What each service answers in its callback, by the host of its address; None: nothing.
    deleted : set of int
        The analyses that a story deleted.
    failures : list of str
        The errors of invocations that met no fault.
    answers : list of tuple
        What requests of clients were answered, with their paths.
    """

    injector: Injector
    clock: Clock
    services: Services
    functions: Functions
    s3: Any
    admin: Gateway
    ada: Client
    group: int
    user: int
    tables: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)

    def reset(self, fault: Fault | None = None, rate: float = 0.0) -> None:
        """Begin anew, with a fault to come."""
        restore_tables(self.tables)
        delete_all_blobs(self.s3)
        # SQS purges a queue once a minute.
        self.clock.advance(61.0)
        for name in (*QUEUES, "jobs-dead", queues.FIT, queues.FIT_BATCH):
            get_client("sqs").purge_queue(QueueUrl=queues._url(name))
        self.injector.__init__(fault, rate, self.injector.rng, on_slow=self._let_others_run)  # type: ignore[misc]
        self.services.__init__(self.injector)  # type: ignore[misc]
        self.documents.clear()
        self.deleted.clear()
        self.failures.clear()
        self.answers.clear()
        self.functions.on_render = None
        self._limit = API_SECONDS
        self._is_inside = False

    def register(self, name: str = "fit", **more: Any) -> int:
        """Register a service at an address of its own, without faults; return its id."""
        fields = {
            "name": name,
            "url": f"https://{name}.example.org/analysis",
            "authentication_type": "none",
            "analysis_type": "lightcurve_fitting",
            "input_data_types": ["photometry", "redshift"],
            "group_ids": [self.group],
            **more,
        }
        with self.injector.paused():
            return int(self.ada.gateway.post("/analysis_service", fields).data["id"])

    def answer(self, gateway: Gateway, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply | None:
        """Run one invocation of the API; None if it died."""
        met = self.injector.met
        with self._limited(API_SECONDS):
            try:
                reply = gateway.request(method, path, body, **headers)
            except Crash:
                return None
        self.answers.append((f"{method} {path}", reply.content))
        if reply.status >= 500 and self.injector.met == met and not self.injector.rate:
            raise Breach(f"{method} {path} answered {reply.status} without a fault: {reply.text[:300]}")
        return reply

    @contextmanager
    def _limited(self, seconds: float) -> Iterator[None]:
        before = self._limit
        self._limit = seconds
        try:
            with self.injector.invocation():
                yield
        finally:
            self._limit = before

    def _let_others_run(self) -> None:
        """Let time pass in a slow call, and let everything else go on meanwhile."""
        self.clock.advance(self._limit)
        if self._is_inside:
            return
        self._is_inside = True
        try:
            self._run_once()
        finally:
            self._is_inside = False

    def run(self) -> None:
        """Deliver what is due, and let services work, until nothing is due."""
        for _ in range(ROUNDS):
            if not self._run_once():
                return
            self.clock.advance(1.0)

    def settle(self) -> None:
        """Let time pass until nothing waits any more, and what is looked for once a day was found."""
        self.wait_until_quiet()
        self.wait_a_day()

    def wait_a_day(self) -> None:
        """Let a day pass, and what then is due."""
        self.clock.advance(DAY_SECONDS)
        self.wait_until_quiet()

    def wait_until_quiet(self) -> None:
        """Let time pass until nothing waits any more."""
        for round_number in range(ROUNDS + FINAL_ROUNDS):
            self.clock.advance(SWEEP_SECONDS if round_number < ROUNDS else 3 * 3600.0)
            self.sweep()
            self._run_what_is_due()
            if not self._is_anything_left():
                return
            if round_number > 3:
                self.clock.advance(600.0)
        raise Breach(f"something still waits after two days: {self._is_anything_left()}")

    def _run_what_is_due(self) -> None:
        for _ in range(MOST_DELIVERIES):
            if not self._run_once():
                return
            self.clock.advance(0.1)
        raise Breach("messages without delay follow each other for ever")

    def _run_once(self) -> int:
        return sum(self._deliver(queue) for queue in QUEUES) + self.work()

    def sweep(self) -> None:
        """Run the sweep as its schedule does; a crash is over at the next minute."""
        with self._limited(55.0):
            self._run_quietly(workers.handle_sweep)

    def _run_quietly(self, function: Callable[[], Any]) -> bool:
        """Run a function as Lambda does; return whether it succeeded."""
        met = self.injector.met
        try:
            function()
        except (Crash, RetryLater):
            return False
        except Exception as error:
            if self.injector.met == met and not self._is_inside:
                self.failures.append(f"{type(error).__name__}: {error}")
            return False
        return True

    def _deliver(self, queue: str) -> int:
        """Pass the messages that are due to the queue's function, each once; return their number."""
        sqs = get_client("sqs")
        url = queues._url(queue)
        function, limit = QUEUES[queue]
        with self.injector.paused():
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
        messages = answer.get("Messages", ())
        for message in messages:
            event = {"Records": [_make_record(message)]}
            with self._limited(limit):
                is_done = self._run_quietly(lambda: function(event))  # noqa: B023 - called at once
            if is_done:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def work(self) -> int:
        """Let the services call back for what they took; return how many did."""
        waiting = [request for request in self.services.accepted if not request.is_done]
        for request in waiting:
            request.is_done = True
            self.call_back(request)
        return len(waiting)

    def call_back(self, request: Accepted) -> None:
        """Call back as a service does, which repeats what was not answered."""
        host = request.url.split("/")[2].partition(".")[0]
        document = self.documents.get(host, {"status": "success", "analysis": {"results": {"chi2": 1}}})
        if document is None:
            return
        body = document(self, request) if callable(document) else document
        client = Client(self, self.admin.as_user(None))
        reply, _ = client.send("POST", request.callback, body)
        if reply.status not in (200, 403, 410):
            raise Breach(f"a callback was answered by {reply.status}: {reply.text[:200]}")

    def upload(self, upload: dict[str, Any], document: Any) -> None:
        """Upload a document as the answer of ``…/upload`` says."""
        body = json.dumps(document).encode()
        if "fields" in upload:
            answer = requests.post(upload["url"], data=upload["fields"], files={"file": body}, timeout=10)
        else:
            answer = requests.put(upload["url"], data=body, headers=upload["headers"], timeout=10)
        if answer.status_code >= 300:
            raise Breach(f"an upload was answered by {answer.status_code}: {answer.text[:200]}")

    def peek_messages(self, queue: str) -> list[str]:
        """Return the bodies of the messages in a queue, even of those that are not due, and leave them there."""
        return list_message_bodies(settings.resource_name(queue))

    def put_message(self, queue: str, body: str) -> None:
        """Put a message into a queue, without faults."""
        get_client("sqs").send_message(QueueUrl=queues._url(queue), MessageBody=body)

    def _is_anything_left(self) -> list[str]:
        """Return what still waits: messages, and records that the sweep checks."""
        sqs = get_client("sqs")
        names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
        left = []
        for queue in QUEUES:
            counts = sqs.get_queue_attributes(QueueUrl=queues._url(queue), AttributeNames=names)["Attributes"]
            if any(int(counts[name]) for name in names):
                left.append(f"queue {queue}")
        pages = (
            get_client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=settings.resource_name("analyses"),
                FilterExpression="attribute_exists(watch) AND attribute_exists(#status)",
                ExpressionAttributeNames={"#status": "status"},
            )
        )
        watched = [item for page in pages for item in page["Items"]]
        return left + [f"{item['key']['S']} ({item['status']['S']})" for item in watched]


def _make_record(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message of SQS as Lambda passes it to a function."""
    return {"body": message["Body"], "receiptHandle": message["ReceiptHandle"], "attributes": message["Attributes"]}


def delete_all_blobs(s3: Any) -> None:
    """Delete everything in the bucket."""
    bucket = get_bucket()
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=entry["Key"])


@contextmanager
def open_simulation() -> Iterator[Simulation]:
    """Run the app on moto, which must be active, inside the `with` block."""
    aws.get_client.cache_clear()
    aws.get_session.cache_clear()
    get_client.cache_clear()
    injector = Injector()
    injector.attach(aws.get_session())
    logging.getLogger("heliograph").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch, Clock() as clock:
        services = Services(injector)
        patch.setattr(egress, "post_to_service", lambda *args, **more: services.post(*args, **more))
        patch.setattr(egress, "get_from_service", lambda *args, **more: services.get(*args, **more))
        patch.setattr(settings, "get_public_url", lambda: "https://heliograph.test/api")
        yield _make_simulation(injector, clock, services)
    aws.get_client.cache_clear()
    aws.get_session.cache_clear()


def _make_simulation(injector: Injector, clock: Clock, services: Services) -> Simulation:
    from app import app

    resources = load_template_resources()
    make_stage(resources)
    _set_queue_attributes(resources)
    s3 = get_client("s3")
    functions = Functions(injector, s3, get_bucket())
    aws.get_session().register("before-call.lambda.Invoke", functions.invoke)
    aws.get_client.cache_clear()
    admin = Gateway(app, people.ensure_administrator("admin"))
    group = int(admin.post("/groups", {"name": "supernovae"}).data["id"])
    user = int(admin.post("/user", {"username": "ada", "groupIDsAndAdmin": [[group, True]]}).data["id"])
    acls = [acl for acl in admin.get("/acls").data if acl != "System admin"]
    token = admin.post("/internal/tokens", {"name": "ada", "acls": acls, "user_id": user}).data["token_id"]
    simulation = Simulation(injector, clock, services, functions, s3, admin, None, group, user)  # type: ignore[arg-type]
    simulation.ada = Client(simulation, admin.as_user(token))
    _add_source(simulation)
    simulation.tables = copy_tables()
    simulation.reset()
    return simulation


def _add_source(simulation: Simulation) -> None:
    admin, ada = simulation.admin, simulation.ada.gateway
    ours = {"group_ids": [simulation.group]}
    assert admin.post("/instrument", {"name": "ZTF", "filters": ["ztfg", "ztfr", "ztfi"]}).status == 200
    for name in ("SN1", "SN2", "SN3"):
        assert ada.post("/sources", {"id": name, "ra": 10.0, "dec": -5.0, "redshift": 0.05, **ours}).status == 200
    assert ada.post("/photometry", {**LIGHT_CURVE, **ours}).status == 200


def _set_queue_attributes(resources: dict[str, Any]) -> None:
    """Give the queues what the template says of them: how often a message is delivered, and when again."""
    sqs = get_client("sqs")
    for resource in resources.values():
        if resource["Type"] != "AWS::SQS::Queue":
            continue
        properties = resource["Properties"]
        name = properties["QueueName"]["Fn::Sub"]
        attributes = {"VisibilityTimeout": str(properties["VisibilityTimeout"])}
        if "RedrivePolicy" in properties:
            target = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
            dead = sqs.get_queue_url(QueueName=resources[target]["Properties"]["QueueName"]["Fn::Sub"])["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            policy = {"deadLetterTargetArn": arn, "maxReceiveCount": properties["RedrivePolicy"]["maxReceiveCount"]}
            attributes["RedrivePolicy"] = json.dumps(policy)
        sqs.set_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], Attributes=attributes)
