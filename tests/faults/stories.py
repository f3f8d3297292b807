"""Small pieces of an analysis' life: each acts through clients, and says what must be true in the end."""

import base64
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from chalicelib import egress, queues
from tests.faults.edges import Accepted, encode_png
from tests.faults.simulation import LIGHT_CURVE, Breach, Simulation

__all__ = ["STORIES", "Story"]

Story = Callable[[Simulation], None]

RESULTS = {"results": {"format": "json", "data": {"chi2": 1.5, "parameters": {"t0": 1}}}}
SUCCESS = {"status": "success", "message": "done", "analysis": {**RESULTS, "plots": [encode_png()]}}
IA = {"classifications": [{"name": "Ia", "probability": 0.5}]}


def answer_status(status: int, retry_after: float | None = None) -> Callable[[Accepted], egress.ServiceResponse]:
    return lambda request: egress.ServiceResponse(status, retry_after, b"not now")


def refuse_connection(request: Accepted) -> egress.ServiceResponse:
    raise egress.ConnectionRefused("the connection was refused")


def lose_answer(request: Accepted) -> egress.ServiceResponse:
    raise egress.ResponseTimedOut("no answer came in time")


def start(s: Simulation, service: int, body: Any = None, source: str = "SN1", key: str = "once") -> int:
    """Start an analysis with a key, so that its repetition is the same analysis."""
    return int(s.ada.post(f"/obj/{source}/analysis/{service}", body, key)["id"])


def finish(s: Simulation, analysis: int, status: str = "completed") -> None:
    """Let time pass until nothing waits; the analysis must then have ended in this way, whole."""
    s.settle()
    record = s.ada.gateway.get(f"/obj/analysis/{analysis}?includeDetails=true")
    if record.status != 200:
        raise Breach(f"analysis {analysis} cannot be read: {record.status} {record.text[:200]}")
    if record.data["status"] not in (status, *_other_ends(s)):
        raise Breach(f"analysis {analysis} is {record.data['status']}, not {status}: {record.data['status_message']}")
    results = s.ada.gateway.get(f"/obj/analysis/{analysis}/results")
    if record.data["status"] == "completed" and results.status not in (200, 303):
        raise Breach(f"the results of the completed analysis {analysis} cannot be read")


def _other_ends(s: Simulation) -> tuple[str, ...]:
    """After a fault in sending, a service may never have got the data that Heliograph believes sent."""
    return ("timed_out", "failure") if _met_sending(s) else ()


def _met_sending(s: Simulation) -> bool:
    fault, calls = s.injector.fault, s.injector.calls
    return fault is not None and fault.index < len(calls) and calls[fault.index].name.startswith("POST ")


def run_analysis(s: Simulation, status: str = "completed", **service: Any) -> int:
    analysis = start(s, s.register(**service))
    s.run()
    finish(s, analysis, status)
    return analysis


def start_and_call_back(s: Simulation) -> None:
    s.documents["fit"] = SUCCESS
    analysis = run_analysis(s)
    if s.ada.gateway.get(f"/obj/analysis/{analysis}/results").data != RESULTS["results"]["data"]:
        raise Breach("the results are not those of the service")
    if s.ada.gateway.get(f"/obj/analysis/{analysis}/plots/0").status != 200:
        raise Breach("the plot is missing")


def refused_connection(s: Simulation) -> None:
    s.services.answers[:] = [refuse_connection, refuse_connection]
    run_analysis(s)


def server_error(s: Simulation) -> None:
    s.services.answers[:] = [answer_status(500), answer_status(503)]
    run_analysis(s)


def retry_after(s: Simulation) -> None:
    s.services.answers[:] = [answer_status(429, 45.0)]
    run_analysis(s)


def wait_in_line(s: Simulation) -> None:
    """While the first is sent, the others find no slot."""

    def deliver_the_others(request: Accepted) -> egress.ServiceResponse:
        s._deliver(queues.DISPATCH)
        return egress.ServiceResponse(200, None, b"")

    s.services.answers[:] = [deliver_the_others]
    _complete_three(s, s.register(requests_at_once=1))


def paused_service(s: Simulation) -> None:
    """Five attempts fail: the service is paused, a probe fails, another one resumes it."""
    s.services.answers[:] = [refuse_connection] * 6
    _complete_three(s, s.register())


def asked_to_wait(s: Simulation) -> None:
    """The first is asked to wait; the others wait with it."""
    s.services.answers[:] = [answer_status(503, 30.0)]
    _complete_three(s, s.register())


def _complete_three(s: Simulation, service: int) -> None:
    analyses = [start(s, service, source=f"SN{number}", key=f"key {number}") for number in (1, 2, 3)]
    s.run()
    s.settle()
    for analysis in analyses:
        status = s.admin.get(f"/obj/analysis/{analysis}/status").data
        if status["status"] not in ("completed", *_other_ends(s)):
            raise Breach(f"analysis {analysis} is {status['status']}: {status['message']}")


def refused_data(s: Simulation) -> None:
    s.services.host_answers["fit.example.org"] = answer_status(400)
    run_analysis(s, "failure")


def lost_answer(s: Simulation) -> None:
    s.services.answers[:] = [lose_answer]
    run_analysis(s)


def early_callback(s: Simulation) -> None:
    """The service calls back before it answers."""

    def answer(request: Accepted) -> egress.ServiceResponse:
        request.is_done = True
        s.call_back(request)
        return egress.ServiceResponse(200, None, b"")

    s.services.answers[:] = [answer]
    run_analysis(s)


def silent_service(s: Simulation) -> None:
    s.documents["fit"] = None
    run_analysis(s, "timed_out")


def failed_analysis(s: Simulation) -> None:
    s.documents["fit"] = {"status": "failure", "message": "no convergence", "analysis": RESULTS}
    run_analysis(s, "failure")


def wait_for_request(s: Simulation) -> None:
    """Let time pass until a service took data."""
    for _ in range(10):
        s.run()
        if s.services.accepted:
            return
        s.clock.advance(61.0)
        s.sweep()


def progress(s: Simulation) -> None:
    s.documents["fit"] = None
    analysis = start(s, s.register())
    wait_for_request(s)
    nobody = type(s.ada)(s, s.admin.as_user(None))
    for request in s.services.accepted[:1]:
        nobody.patch(request.callback, {"progress": 0.5, "message": "half"})
        nobody.patch(request.callback, {"progress": 0.9})
        s.documents["fit"] = SUCCESS
        s.call_back(request)
    # a request that comes only when the sweep has found it is answered at once
    s.documents["fit"] = SUCCESS
    finish(s, analysis)


def annotations(s: Simulation) -> None:
    document = {**RESULTS, "annotations": [{"origin": "salt", "data": {"x1": 1}}, {"data": {"c": 2}}]}
    s.documents["fit"] = {"status": "success", "analysis": document}
    run_analysis(s)
    origins = {annotation["origin"] for annotation in s.ada.gateway.get("/sources/SN1/annotations").data}
    if origins != {"salt", "fit"} and not _met_sending(s):
        raise Breach(f"the annotations written back are {origins}")


def summary(s: Simulation) -> None:
    results = {"format": "json", "data": {"summary": "Bright."}}
    s.documents["fit"] = {"status": "success", "analysis": {"results": results}}
    run_analysis(s, is_summary=True)
    _require_summary(s, "Bright.")


def joblib_results(s: Simulation) -> None:
    data = base64.b64encode(b"any bytes").decode()
    s.documents["fit"] = {"status": "success", "analysis": {"results": {"format": "joblib", "data": data}}}
    analysis = run_analysis(s, is_summary=True)
    _require_summary(s, s.functions.results["summary"])
    listed = s.ada.gateway.get("/obj/SN1/analysis?includeResults=true")
    if listed.status == 200 and "chi2" not in listed.text and not _met_sending(s):
        details = s.ada.gateway.get(f"/obj/analysis/{analysis}?includeDetails=true").text
        raise Breach(f"the scalars of joblib results are lost: {listed.text[:300]} {details[:300]}")


def _require_summary(s: Simulation, text: str) -> None:
    history = s.ada.gateway.get("/sources/SN1").data["summary_history"]
    if [entry["summary"] for entry in history or ()] != [text] and not _met_sending(s):
        raise Breach(f"the summaries are {history}")


def large_callback(s: Simulation) -> None:
    """The service uploads its document, and names it in the callback."""

    def make_body(_: Simulation, request: Accepted) -> dict[str, Any]:
        nobody = type(s.ada)(s, s.admin.as_user(None))
        reply, _repeated = nobody.send("POST", f"{request.callback}/upload")
        if reply.status != 200:
            return {"status": "success"}
        s.upload(reply.data, RESULTS)
        return {"status": "success", "analysis": {"upload_id": reply.data["upload_id"]}}

    s.documents["fit"] = make_body
    analysis = run_analysis(s)
    answer = s.ada.gateway.get(f"/obj/analysis/{analysis}/results")
    if answer.status != 200 and not _met_sending(s):
        raise Breach("the large document is lost")


def _upload_path(s: Simulation, **more: Any) -> str:
    service = s.register("uploads", upload_only=True, input_data_types=[], **more)
    return f"/obj/SN1/analysis_upload/{service}"


def upload(s: Simulation) -> None:
    analysis = int(s.ada.post(_upload_path(s), {"status": "success", "analysis": RESULTS}, "once")["id"])
    finish(s, analysis)


def annotated_upload(s: Simulation) -> None:
    document = {**RESULTS, "annotations": [{"origin": "mine", "data": {"a": 1}}]}
    analysis = int(s.ada.post(_upload_path(s), {"status": "success", "analysis": document}, "once")["id"])
    finish(s, analysis)
    if [a["origin"] for a in s.ada.gateway.get("/sources/SN1/annotations").data] != ["mine"]:
        raise Breach("the annotation of the upload is missing")


def large_upload(s: Simulation) -> None:
    path = _upload_path(s)
    form = s.ada.post(f"{path}/upload")
    s.upload(form, {**RESULTS, "plots": [encode_png()]})
    body = {"status": "success", "analysis": {"upload_id": form["upload_id"]}}
    finish(s, int(s.ada.post(path, body, "once")["id"]))


def rerun(s: Simulation) -> None:
    first = _complete(s)
    analysis = int(s.ada.post(f"/obj/analysis/{first}/rerun", {}, "again")["id"])
    s.run()
    finish(s, analysis)


def _complete(s: Simulation, source: str = "SN1", service: int | None = None) -> int:
    """Run an analysis to its end, without faults."""
    with s.injector.paused(), _unmetered(s):
        number = service or s.register()
        analysis = int(s.ada.gateway.post(f"/obj/{source}/analysis/{number}").data["id"])
        s.run()
    return analysis


class _unmetered:  # noqa: N801 - a context manager
    """Hide the injector from what happens inside."""

    def __init__(self, s: Simulation) -> None:
        self.injector = s.injector
        self.services = s.services

    def __enter__(self) -> None:
        self.fault, self.rate = self.injector.fault, self.injector.rate
        self.count = len(self.injector.calls)
        self.injector.fault, self.injector.rate = None, 0.0

    def __exit__(self, *_: object) -> None:
        self.injector.fault, self.injector.rate = self.fault, self.rate
        del self.injector.calls[self.count :]


def batch(s: Simulation) -> None:
    body = {"service_id": s.register(), "obj_ids": ["SN1", "SN2", "SN3", "nothing"]}
    number = s.ada.post("/analysis_batch", body, "once")["id"]
    s.run()
    s.settle()
    record = s.ada.gateway.get(f"/analysis_batch/{number}").data
    if (record["status"], record["started"], record["refused"]) != ("done", 3, 1):
        raise Breach(f"the batch is {record}")
    _require_count(s, 3)


def _require_count(s: Simulation, count: int) -> None:
    analyses = s.admin.get("/obj/analysis").data
    if len(analyses) != count:
        raise Breach(f"there are {len(analyses)} analyses instead of {count}")


def _make_default(s: Simulation, source_filter: dict[str, Any]) -> None:
    with s.injector.paused():
        body = {"source_filter": source_filter, "group_ids": [s.group]}
        path = f"/analysis_service/{s.register()}/default_analysis"
        assert s.ada.gateway.post(path, body).status == 200


def default_of_classification(s: Simulation) -> None:
    _make_default(s, IA)
    body = {"obj_id": "SN1", "classification": "Ia", "probability": 0.9, "group_ids": [s.group]}
    s.ada.post("/classification", body, "once")
    s.run()
    s.settle()
    _require_count(s, 1)


def default_of_saved_source(s: Simulation) -> None:
    _make_default(s, {"group_id": s.group})
    s.ada.post("/sources", {"id": "SN9", "ra": 1, "dec": 2, "group_ids": [s.group]})
    s.run()
    s.settle()
    _require_count(s, 1)


def redelivered_job(s: Simulation) -> None:
    """SQS delivers the job of a saved source once more after a day."""
    _make_default(s, {"group_id": s.group})
    s.ada.post("/sources", {"id": "SN9", "ra": 1, "dec": 2, "group_ids": [s.group]})
    bodies = s.peek_messages(queues.JOBS)
    s.wait_until_quiet()
    s.clock.advance(26 * 3600.0)
    for body in bodies:
        s.put_message(queues.JOBS, body)
    s.settle()
    _require_count(s, 1)


def cancel_queued(s: Simulation) -> None:
    analysis = start(s, s.register())
    reply, _ = s.ada.send("POST", f"/obj/analysis/{analysis}/cancel")
    s.run()
    s.settle()
    # A slow request may come after the results: then it is refused.
    is_late = reply.status != 200 and s.admin.get(f"/obj/analysis/{analysis}").data["status"] == "completed"
    _require_end(s, analysis, "completed" if is_late else "cancelled")


def cancel_pending(s: Simulation) -> None:
    s.documents["fit"] = None
    analysis = start(s, s.register())
    s.run()
    s.ada.send("POST", f"/obj/analysis/{analysis}/cancel")
    s.documents["fit"] = SUCCESS
    for request in s.services.accepted:
        s.call_back(request)
    s.settle()
    _require_end(s, analysis, "cancelled")


def _require_end(s: Simulation, analysis: int, status: str) -> None:
    record = s.admin.get(f"/obj/analysis/{analysis}").data
    if record["status"] != status:
        raise Breach(f"analysis {analysis} is {record['status']}, not {status}")


def _delete_analysis(s: Simulation, analysis: int) -> None:
    s.deleted.add(analysis)
    s.ada.delete(f"/obj/analysis/{analysis}")
    s.run()
    s.settle()
    if s.ada.gateway.get(f"/obj/analysis/{analysis}").status != 403:
        raise Breach("the deleted analysis can be read")


def delete_queued(s: Simulation) -> None:
    _delete_analysis(s, start(s, s.register()))


def delete_pending(s: Simulation) -> None:
    analysis = start(s, s.register())
    with suppress(AttributeError):
        s._deliver("dispatch")
    _delete_analysis(s, analysis)


def delete_completed(s: Simulation) -> None:
    document = {**RESULTS, "annotations": [{"origin": "salt", "data": {"x1": 1}}]}
    s.documents["fit"] = {"status": "success", "analysis": {**document, "plots": [encode_png()]}}
    service = s.register(is_summary=True)
    _delete_analysis(s, _complete(s, service=service))


def delete_service(s: Simulation) -> None:
    s.documents["fit"] = SUCCESS
    service = s.register()
    for source in ("SN1", "SN2"):
        s.deleted.add(_complete(s, source, service))
    with s.injector.paused():
        s.ada.gateway.post(f"/analysis_service/{service}/default_analysis", {"source_filter": IA})
        s.deleted.add(int(s.ada.gateway.post(f"/obj/SN3/analysis/{service}").data["id"]))
    s.ada.delete(f"/analysis_service/{service}")
    s.run()
    s.settle()
    _require_count(s, 0)


def delete_source(s: Simulation) -> None:
    analysis = _complete(s)
    s.deleted.add(analysis)
    with s.injector.paused():
        attachment = {"name": "a.txt", "body": base64.b64encode(b"text").decode()}
        s.ada.gateway.post("/sources/SN1/comments", {"text": "a", "attachment": attachment})
        s.ada.gateway.post("/classification", {"obj_id": "SN1", "classification": "Ia", "group_ids": [s.group]})
        s.ada.gateway.post("/listing", {"obj_id": "SN1", "list_name": "favorites"})
    s.ada.delete("/sources/SN1")
    s.run()
    s.settle()
    _require_count(s, 0)
    if s.admin.get("/sources/SN1").status != 404:
        raise Breach("the deleted source can be read")


def delete_group(s: Simulation) -> None:
    with s.injector.paused():
        group = int(s.ada.gateway.post("/groups", {"name": "novae"}).data["id"])
        service = s.register(group_ids=[s.group, group])
        body = {"source_filter": {"group_id": group}, "group_ids": [group]}
        s.ada.gateway.post(f"/analysis_service/{service}/default_analysis", body)
    _complete(s, service=service)
    s.ada.delete(f"/groups/{group}")
    s.run()
    s.settle()
    if s.admin.get(f"/groups/{group}").status != 403:
        raise Breach("the deleted group can be read")


def delete_user(s: Simulation) -> None:
    with s.injector.paused():
        body = {"username": "bob", "groupIDsAndAdmin": [[s.group, False]]}
        bob = int(s.admin.post("/user", body).data["id"])
        s.admin.post("/internal/tokens", {"name": "bob", "acls": ["Comment"], "user_id": bob})
    s.ada.delete(f"/user/{bob}")
    s.run()
    s.settle()
    if s.admin.get(f"/user/{bob}").status != 403:
        raise Breach("the deleted user can be read")


def share(s: Simulation) -> None:
    analysis = _complete(s)
    with s.injector.paused():
        group = int(s.ada.gateway.post("/groups", {"name": "novae"}).data["id"])
    s.ada.patch(f"/obj/analysis/{analysis}", {"group_ids": [group]})
    s.ada.patch(f"/obj/analysis/{analysis}", {"group_ids": [s.group, group]})
    finish(s, analysis)


def repeat_request(s: Simulation) -> None:
    service = s.register()
    if start(s, service) != start(s, service):
        raise Breach("the same key started two analyses")
    s.run()
    s.settle()
    _require_count(s, 1)


def photometry(s: Simulation) -> None:
    body = {**LIGHT_CURVE, "mjd": [58010.0, 58011.0, 58012.0], "group_ids": [s.group]}
    s.ada.post("/photometry", body)
    ids = s.ada.put("/photometry", {**body, "mjd": [58010.0, 58011.0, 58013.0]})["ids"]
    s.ada.patch(f"/photometry/{ids[0]}", {"flux": 7.0, "fluxerr": 1.0})
    s.ada.delete(f"/photometry/{ids[0]}")
    s.settle()
    if len(s.ada.gateway.get("/sources/SN1/photometry").data) != 6:
        raise Breach("points are missing, or there twice")


def spectrum(s: Simulation) -> None:
    body = {
        "obj_id": "SN1", "instrument_id": 1, "observed_at": "2026-01-01T00:00:00",
        "wavelengths": [4000.0, 4001.0], "fluxes": [1.0, 2.0], "group_ids": [s.group],
    }  # fmt: skip
    s.ada.post("/spectrum", body)
    for entry in s.ada.get("/sources/SN1/spectra")["spectra"]:
        s.ada.put(f"/spectrum/{entry['id']}", {"label": "new"})
        s.ada.delete(f"/spectrum/{entry['id']}")
    s.settle()


def comment(s: Simulation) -> None:
    attachment = {"name": "a.txt", "body": base64.b64encode(b"text").decode()}
    s.ada.post("/sources/SN1/comments", {"text": "a", "attachment": attachment, "group_ids": [s.group]})
    for remark in s.ada.get("/sources/SN1/comments"):
        s.ada.put(f"/sources/SN1/comments/{remark['id']}", {"text": "b"})
        s.ada.delete(f"/sources/SN1/comments/{remark['id']}")
    s.settle()


def annotate(s: Simulation) -> None:
    s.ada.post("/sources/SN1/annotations", {"origin": "mine", "data": {"a": 1}, "group_ids": [s.group]})
    for remark in s.ada.get("/sources/SN1/annotations"):
        s.ada.put(f"/sources/SN1/annotations/{remark['id']}", {"data": {"a": 2}})
        s.ada.delete(f"/sources/SN1/annotations/{remark['id']}")
    s.settle()


def corner_plot(s: Simulation) -> None:
    samples = {"posterior_samples": {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 2.5]}, **RESULTS}
    s.documents["fit"] = {"status": "success", "analysis": samples}
    analysis = _complete(s)
    s.ada.ask("GET", f"/obj/analysis/{analysis}/corner")
    finish(s, analysis)


def render_of_deleted(s: Simulation) -> None:
    """The analysis is deleted while its corner plot is drawn."""
    samples = {"posterior_samples": {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 2.5]}, **RESULTS}
    s.documents["fit"] = {"status": "success", "analysis": samples}
    analysis = _complete(s)
    s.deleted.add(analysis)
    s.functions.on_render = lambda: s.ada.gateway.delete(f"/obj/analysis/{analysis}") and None
    s.ada.send("GET", f"/obj/analysis/{analysis}/corner")
    s.functions.on_render = None
    s.ada.send("DELETE", f"/obj/analysis/{analysis}")
    s.settle()
    _require_count(s, 0)


def corrected_photometry(s: Simulation) -> None:
    analysis = start(s, s.register(), {"analysis_parameters": {"correct_extinction": True}})
    s.run()
    finish(s, analysis)


def secret_parameters(s: Simulation) -> None:
    s.services.answers[:] = [answer_status(503)]
    service = s.register(
        authentication_type="header_token",
        optional_analysis_parameters={"key": {"type": "secret"}},
        _authinfo={"header_token": {"X-Key": "abcdefgh"}},
    )
    analysis = start(s, service, {"analysis_parameters": {"key": "ijklmnop"}})
    s.run()
    finish(s, analysis)


def register_service(s: Simulation) -> None:
    fields = {
        "name": "other", "url": "https://other.example.org", "authentication_type": "header_token",
        "analysis_type": "meta_analysis", "input_data_types": ["redshift"], "group_ids": [s.group],
        "_authinfo": {"header_token": {"X-Key": "abcdefgh"}},
    }  # fmt: skip
    s.ada.post("/analysis_service", fields)
    for service in s.ada.get("/analysis_service"):
        s.ada.patch(f"/analysis_service/{service['id']}", {"name": f"renamed {service['id']}"})
        s.ada.delete(f"/analysis_service/{service['id']}")
    s.settle()


def save_source(s: Simulation) -> None:
    s.ada.post("/sources", {"id": "SN9", "ra": 1, "dec": 2, "group_ids": [s.group]})
    s.ada.patch("/sources/SN9", {"redshift": 0.1})
    s.ada.post("/sources", {"id": "SN9", "ra": 1.5, "dec": 2.5, "group_ids": [1]})
    s.ada.delete(f"/sources/SN9?group_id={s.group}")
    s.settle()


def token(s: Simulation) -> None:
    s.ada.post("/internal/tokens", {"name": "script", "acls": ["Comment"]})
    for entry in s.ada.get("/internal/tokens"):
        if entry["name"] == "script":
            s.ada.delete(f"/internal/tokens/{entry['id']}")
    s.settle()


def default_analysis(s: Simulation) -> None:
    service = s.register()
    path = f"/analysis_service/{service}/default_analysis"
    s.ada.post(path, {"source_filter": IA, "group_ids": [s.group]})
    for entry in s.ada.get(path):
        s.ada.patch(f"{path}/{entry['id']}", {"source_filter": {"group_id": s.group}})
        s.ada.delete(f"{path}/{entry['id']}")
    s.settle()


STORIES: dict[str, Story] = {
    story.__name__.replace("_", " "): story
    for story in (
        start_and_call_back, refused_connection, server_error, retry_after, wait_in_line, paused_service,
        asked_to_wait, refused_data, lost_answer,
        early_callback, silent_service, failed_analysis, progress, annotations, summary, joblib_results,
        large_callback, upload, annotated_upload, large_upload, rerun, batch, default_of_classification,
        default_of_saved_source, redelivered_job, cancel_queued, cancel_pending, delete_queued, delete_pending,
        delete_completed, delete_service, delete_source, delete_group, delete_user, share, repeat_request,
        photometry, spectrum, comment, annotate, corner_plot, render_of_deleted, corrected_photometry,
        secret_parameters, register_service, save_source, token, default_analysis,
    )
}  # fmt: skip
"""The stories by name."""
