"""The web app in its bucket on AWS, on the emulator: published, published again, deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.stage_stacks import StageStacks
from infra.web_app import publish_web_app
from tests.emulator import running_emulator


def read_objects(s3: Any, bucket: str) -> dict[str, tuple[str, str, bytes]]:
    """Return the content type, cache control and content of each object in a bucket."""
    objects = {}
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        response = s3.get_object(Bucket=bucket, Key=item["Key"])
        objects[item["Key"]] = (response["ContentType"], response["CacheControl"], response["Body"].read())
    return objects


def test_the_web_app_is_published_and_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "web"
    bucket = "heliograph-prod-web-000000000000"
    for name in ("index.html", "old.js", "style/base.css", "icon.svg", "config.json", ".git/config"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "guide.md").write_text("# Guide")
    with running_emulator(tmp_path / "emulator") as settings:
        monkeypatch.setenv("AWS_ENDPOINT_URL", settings.emulator_url)
        session = boto3.session.Session("local", "local", region_name="us-east-1")
        s3 = session.client("s3", config=Config(s3={"addressing_style": "path"}))
        stacks = StageStacks(session.client, "prod", {}, pause=0.02)
        outputs = stacks.deploy_web("abc.execute-api.us-east-1.amazonaws.com")
        assert outputs["WebBucketName"] == bucket
        publish_web_app(s3, bucket, "https://abc.execute-api.us-east-1.amazonaws.com/api/", folder, docs)
        (folder / "old.js").rename(folder / "new.js")
        publish_web_app(s3, bucket, "https://abc.execute-api.us-east-1.amazonaws.com/api/", folder, docs)

        objects = read_objects(s3, bucket)
        assert {name: kind for name, (kind, _, _) in objects.items()} == {
            "index.html": "text/html; charset=utf-8",
            "new.js": objects["new.js"][0],
            "style/base.css": "text/css; charset=utf-8",
            "icon.svg": "image/svg+xml",
            "config.json": "application/json",
            "docs/guide.md": "text/plain; charset=utf-8",
        }
        assert "javascript" in objects["new.js"][0]
        assert {cache for _, cache, _ in objects.values()} == {"no-cache"}
        api = json.loads(objects["config.json"][2])
        assert api == {"api": "https://abc.execute-api.us-east-1.amazonaws.com/api"}

        (distribution,) = session.client("cloudfront").list_distributions()["DistributionList"]["Items"]
        assert outputs["WebUrl"] == f"https://{distribution['DomainName']}"
        assert bucket in distribution["Origins"]["Items"][0]["DomainName"]

        stacks.delete()
        assert bucket not in [item["Name"] for item in s3.list_buckets()["Buckets"]]
        stacks.delete()  # nothing left is no error
