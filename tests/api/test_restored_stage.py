"""A stage that is restored to an earlier moment answers as it did then: the drill of docs/runbook.md, on moto."""

from typing import Any

from chalicelib import queues, settings
from chalicelib.aws import get_account_id, get_client
from tests.api.story import deliver, make_service, make_source, start_analysis
from tests.api.test_callback import DOCUMENT, PNG
from tests.gateway import Gateway
from tests.restore_drill import complete_tables, replace_tables, restore_aside, restore_blobs
from tests.service import analysis_service

PATHS = ("/sources/SN1", "/sources/SN1/photometry", "/obj/SN1/analysis?includeDetails=true", "/obj/analysis")


def complete_analysis(admin: Gateway) -> int:
    make_source(admin)
    with analysis_service() as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        deliver()
    (request,) = server.received
    assert admin.post(request.callback_path, {"status": "success", "analysis": DOCUMENT}).status == 200
    return analysis


def read_answers(admin: Gateway, analysis: int) -> list[Any]:
    plot = admin.get(f"/obj/analysis/{analysis}/plots/0")
    return [plot.status, plot.content, *(admin.get(path).data for path in PATHS)]


def test_what_was_deleted_is_back_with_its_blobs(admin: Gateway) -> None:
    bucket = settings.resource_name(get_account_id())
    dynamodb, s3 = get_client("dynamodb"), get_client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    analysis = complete_analysis(admin)
    answers = read_answers(admin, analysis)
    assert answers[:2] == [200, PNG]
    restore_aside(dynamodb, "local")

    assert admin.delete(f"/obj/analysis/{analysis}").status == 200
    assert admin.delete("/sources/SN1").status == 200
    deliver(queues.JOBS)
    assert admin.get("/sources/SN1").status == 404
    assert admin.get(f"/obj/analysis/{analysis}/plots/0").status == 403
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="analyses/")

    replace_tables(dynamodb, "local")
    complete_tables(dynamodb, "local")
    assert admin.get(f"/obj/analysis/{analysis}/plots/0").status != 200
    assert restore_blobs(s3, bucket) > 0
    assert read_answers(admin, analysis) == answers
    # Ids go on where they were.
    assert start_analysis(admin, make_service(admin, name="next")) > analysis
