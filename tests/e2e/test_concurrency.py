"""Concurrent requests to real processes: one callback wins, no photometry is lost, limits are exact."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from infra.client import Api
from tests.e2e.analysis_helpers import register_service, wait_for_state
from tests.running_stack import RunningStack
from tests.service import analysis_service


def test_one_of_many_concurrent_callbacks_wins(stack: RunningStack, api: Api) -> None:
    with analysis_service() as server:
        service = register_service(api, server.url)
        analysis = int(api.post(f"/obj/2019dwz/analysis/{service}", {})["id"])
        wait_for_state(api, analysis, "pending")
        url = server.received[0].body["callback_url"]
    bodies = [{"status": "success", "analysis": {"results": {"data": i}}} for i in range(6)]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda body: requests.post(url, json=body, timeout=30).status_code, bodies))
    assert sorted(replies) == [200] + [403] * 5
    assert api.get(f"/obj/analysis/{analysis}/results") == replies.index(200)


def test_forty_concurrent_readers_are_all_answered(stack: RunningStack, http: requests.Session) -> None:
    url = f"{stack.url}/api/sources/2019dwz"

    def get_source(_: int) -> int:
        return requests.get(url, headers=dict(http.headers), timeout=120).status_code

    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(get_source, range(40))) == [200] * 40


def test_concurrent_writers_lose_no_photometry(api: Api) -> None:
    api.post("/sources", {"id": "busy", "ra": 1.0, "dec": 1.0})

    def post_photometry(number: int) -> None:
        mjd = [50_000.0 + 1000 * number + i for i in range(50)]
        columns = {"mjd": mjd, "flux": mjd, "fluxerr": 1.0, "filter": "ztfg"}
        api.post("/photometry", {"obj_id": "busy", "instrument_id": 1, **columns})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post_photometry, range(4)))
    rows = api.get("/sources/busy/photometry?format=flux")
    assert len({row["mjd"] for row in rows}) == len({row["id"] for row in rows}) == len(rows) == 200


def test_concurrent_starts_respect_the_cap(stack: RunningStack, api: Api, http: requests.Session) -> None:
    api.post("/sources", {"id": "capped", "ra": 1.0, "dec": 1.0})
    with analysis_service() as server:
        service = register_service(api, server.url)
        url = f"{stack.url}/api/obj/capped/analysis/{service}"

        def start_analysis(_: int) -> int:
            return requests.post(url, headers=dict(http.headers), timeout=60).status_code

        with ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(start_analysis, range(56)))
        assert replies.count(200) == 50
        assert set(replies) == {200, 400}
        deletion = requests.delete(f"{stack.url}/api/analysis_service/{service}", headers=dict(http.headers))
        assert deletion.status_code == 200


def test_default_analyses_respect_the_daily_limit(stack: RunningStack, api: Api) -> None:
    group = int(api.post("/groups", {"name": "of the limit"})["id"])
    with analysis_service() as server:
        service = register_service(api, server.url)
        fields = {"source_filter": {"classifications": [{"name": "Limited"}]}, "daily_limit": 5}
        default = api.post(f"/analysis_service/{service}/default_analysis", fields)["id"]
        path = f"/analysis_service/{service}/default_analysis/{default}"

        def classify(number: int) -> None:
            source = f"limited-{number}"
            api.post("/sources", {"id": source, "ra": 1.0, "dec": 1.0, "group_ids": [group]})
            api.post("/classification", {"obj_id": source, "classification": "Limited"})

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(classify, range(12)))
        # All twelve classifications are handled within seconds; the count of the day stops at five.
        deadline = time.monotonic() + 90
        while api.get(path)["stats"]["daily_count"] < 5:
            assert time.monotonic() < deadline, api.get(path)
            time.sleep(0.5)
        time.sleep(5)
        assert api.get(path)["stats"] == {"daily_limit": 5, "daily_count": 5}
        assert len(api.get(f"/obj/analysis?analysisServiceID={service}")) == 5
