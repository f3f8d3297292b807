"""Many at once, in real processes: one callback wins, no row of photometry is lost, limits are exact."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from infra.client import Api
from infra.local.control import RunningStack
from tests.e2e.stories import register, wait_for
from tests.service import analysis_service


def test_of_many_callbacks_one_wins(stack: RunningStack, api: Api) -> None:
    with analysis_service() as server:
        service = register(api, server.url)
        analysis = int(api.post(f"/obj/2019dwz/analysis/{service}", {})["id"])
        wait_for(api, analysis, "pending")
        url = server.received[0].body["callback_url"]
    bodies = [{"status": "success", "analysis": {"results": {"data": i}}} for i in range(6)]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda body: requests.post(url, json=body, timeout=30).status_code, bodies))
    assert sorted(replies) == [200] + [403] * 5
    assert api.get(f"/obj/analysis/{analysis}/results") == replies.index(200)


def test_forty_readers_at_once_are_all_answered(stack: RunningStack, http: requests.Session) -> None:
    url = f"{stack.url}/api/sources/2019dwz"

    def read(_: int) -> int:
        return requests.get(url, headers=dict(http.headers), timeout=120).status_code

    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(read, range(40))) == [200] * 40


def test_writers_at_once_lose_no_photometry(api: Api) -> None:
    api.post("/sources", {"id": "busy", "ra": 1.0, "dec": 1.0})

    def write(number: int) -> None:
        mjd = [1000.0 * number + i for i in range(50)]
        columns = {"mjd": mjd, "flux": mjd, "fluxerr": 1.0, "filter": "ztfg"}
        api.post("/photometry", {"obj_id": "busy", "instrument_id": 1, **columns})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    rows = api.get("/sources/busy/photometry?format=flux")
    assert len({row["mjd"] for row in rows}) == len({row["id"] for row in rows}) == len(rows) == 200


def test_starters_at_once_keep_the_cap(stack: RunningStack, api: Api, http: requests.Session) -> None:
    api.post("/sources", {"id": "wanted", "ra": 1.0, "dec": 1.0})
    with analysis_service() as server:
        service = register(api, server.url)
        url = f"{stack.url}/api/obj/wanted/analysis/{service}"

        def start(_: int) -> int:
            return requests.post(url, headers=dict(http.headers), timeout=60).status_code

        with ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(start, range(56)))
        assert replies.count(200) == 50
        assert set(replies) == {200, 400}
        api_delete = requests.delete(
            f"{stack.url}/api/analysis_service/{service}", headers=dict(http.headers)
        )
        assert api_delete.status_code == 200


def test_default_analyses_keep_the_limit_of_the_day(stack: RunningStack, api: Api) -> None:
    group = int(api.post("/groups", {"name": "of the limit"})["id"])
    with analysis_service() as server:
        service = register(api, server.url)
        wanted = {"source_filter": {"classifications": [{"name": "Limited"}]}, "daily_limit": 5}
        default = api.post(f"/analysis_service/{service}/default_analysis", wanted)["id"]
        path = f"/analysis_service/{service}/default_analysis/{default}"

        def classify(number: int) -> None:
            source = f"limited-{number}"
            api.post("/sources", {"id": source, "ra": 1.0, "dec": 1.0, "group_ids": [group]})
            api.post("/classification", {"obj_id": source, "classification": "Limited"})

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(classify, range(12)))
        # All twelve events are told of within seconds; the day's count stands still after the fifth.
        deadline = time.monotonic() + 90
        while api.get(path)["stats"]["daily_count"] < 5:
            assert time.monotonic() < deadline, api.get(path)
            time.sleep(0.5)
        time.sleep(5)
        assert api.get(path)["stats"] == {"daily_limit": 5, "daily_count": 5}
        assert len(api.get(f"/obj/analysis?analysisServiceID={service}")) == 5
