"""Faults at calls to AWS and to services: a call is counted, and one of them fails in a chosen way.

The calls to AWS are seen through botocore's events above its own retries, so that a fault is one
that all retries met. `Kind.REPEATED` is the other case: an answer is lost, and botocore sends again.
"""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.session import Session
from moto.core.models import botocore_stubber

__all__ = ["Call", "Crash", "Fault", "Injector", "Kind"]

APP = str(Path(__file__).parents[2] / "chalicelib")

SERVICES = ("dynamodb", "s3", "sqs", "kms", "secretsmanager", "lambda.Invoke")

SAFE_TO_REPEAT = ("TransactWriteItems",)
"""Operations that carry a token, so that AWS itself recognizes botocore's repetition; moto does not."""


class Call(NamedTuple):
    """A call: its name, and the lines of the app that lead to it, the innermost first."""

    name: str
    place: tuple[tuple[str, int], ...]


class Crash(BaseException):
    """The invocation dies: no handler of the app may catch this."""


class Kind(StrEnum):
    """How a call fails."""

    ERROR_BEFORE = "error before"
    ERROR_AFTER = "error after"
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    LOST = "answer lost"
    REPEATED = "sent twice"
    SLOW = "slow"


@dataclass(frozen=True)
class Fault:
    """A fault of one kind at the call with this index."""

    index: int
    kind: Kind


@dataclass
class Injector:
    """Counts calls while an invocation runs, and lets one or some of them fail.

    Attributes
    ----------
    fault : Fault, optional
        What fails.
    rate : float
        The share of all calls that fail, in any way.
    on_slow : callable
        Runs while a slow call waits; its own calls are neither counted nor fail.
    on_call : callable, optional
        Gets the name of each call before it is made.
    calls : list of Call
        The calls that were made.
    """

    fault: Fault | None = None
    rate: float = 0.0
    rng: random.Random = field(default_factory=random.Random)
    on_slow: Callable[[], None] = lambda: None
    on_call: Callable[[str], None] | None = None
    calls: list[Call] = field(default_factory=list)
    met: int = 0
    _is_active: bool = False
    _is_dead: bool = False
    _is_sent_twice: bool = False

    def attach(self, session: Session) -> None:
        """See the calls of all clients that a session creates from now on."""
        for service in SERVICES:
            session.register(f"before-call.{service}", self._before_call)
            session.register(f"after-call.{service}", self._after_call)
            session.register(f"before-send.{service}", self._before_send)

    @contextmanager
    def invocation(self) -> Iterator[None]:
        """Count and disturb the calls inside the block; after a `Crash`, refuse the rest of them."""
        before = self._is_active, self._is_dead
        self._is_active, self._is_dead = True, False
        try:
            yield
        finally:
            self._is_active, self._is_dead = before

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the calls inside the block alone."""
        before = self._is_active
        self._is_active = False
        try:
            yield
        finally:
            self._is_active = before

    def begin_call(self, name: str) -> Kind | None:
        """Count a call; fail before it, or return how it is to fail."""
        if not self._is_active:
            return None
        if self._is_dead:
            raise Crash
        if self.on_call:
            with self.paused():
                self.on_call(name)
        kind = self._choose_kind(len(self.calls))
        self.calls.append(Call(name, _find_place()))
        if kind:
            self.met += 1
        if kind is Kind.CRASH_BEFORE:
            self._die()
        if kind is Kind.SLOW:
            with self.paused():
                self.on_slow()
        return kind

    def end_call(self, kind: Kind | None) -> None:
        """Let the invocation die after a call, if that is how it fails."""
        if kind is Kind.CRASH_AFTER:
            self._die()

    def _choose_kind(self, index: int) -> Kind | None:
        if self.fault and self.fault.index == index:
            return self.fault.kind
        if self.rate and self.rng.random() < self.rate:
            return self.rng.choice(list(Kind))
        return None

    def _die(self) -> None:
        # What runs while the exception passes (``finally``) must not reach AWS any more.
        self._is_dead = True
        raise Crash

    def _before_call(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        kind = self.begin_call(f"{model.service_model.service_name}.{model.name}")
        context["injected"] = kind
        if kind is Kind.ERROR_BEFORE:
            raise _make_error(model.name)
        self._is_sent_twice = kind is Kind.REPEATED and model.name not in SAFE_TO_REPEAT

    def _before_send(self, request: Any, **_: Any) -> None:
        if self._is_sent_twice:
            self._is_sent_twice = False
            botocore_stubber("before-send", request)
            if hasattr(request.body, "seek"):
                request.body.seek(0)

    def _after_call(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        kind = context.get("injected")
        self.end_call(kind)
        if kind is Kind.ERROR_AFTER:
            raise _make_error(model.name)
        if kind is Kind.LOST:
            raise ReadTimeoutError(endpoint_url="https://aws.test")


def _find_place() -> tuple[tuple[str, int], ...]:
    lines = []
    frame: FrameType | None = sys._getframe(1)
    while frame:
        if frame.f_code.co_filename.startswith(APP):
            lines.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return tuple(lines)


def _make_error(operation: str) -> ClientError:
    answer = {"Error": {"Code": "InternalServerError", "Message": "injected"}}
    return ClientError({**answer, "ResponseMetadata": {"HTTPStatusCode": 500}}, operation)  # type: ignore[typeddict-item]
