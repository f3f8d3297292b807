"""The steps of docs/runbook.md, Restore a stage, as far as an emulator has them.

Neither emulator keeps a history: a table is restored to the moment of the call, whatever time it names. So a test
restores first, and does the damage afterwards.
"""

from typing import Any

TABLES = ("registry", "sources", "analyses")
PREFIX = "restored-"


def restore_aside(dynamodb: Any, stage: str) -> None:
    """Restore all tables of a stage under other names."""
    for name in TABLES:
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=f"heliograph-{stage}-{name}",
            TargetTableName=f"{PREFIX}{name}",
            UseLatestRestorableTime=True,
        )


def replace_tables(dynamodb: Any, stage: str) -> None:
    """Put the restored tables in the place of the live ones, by a backup of each."""
    for name in TABLES:
        live = f"heliograph-{stage}-{name}"
        dynamodb.update_table(TableName=live, DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=live)
        backup = dynamodb.create_backup(TableName=f"{PREFIX}{name}", BackupName=f"{PREFIX}{name}")
        arn = backup["BackupDetails"]["BackupArn"]
        dynamodb.restore_table_from_backup(TargetTableName=live, BackupArn=arn)


def complete_tables(dynamodb: Any, stage: str) -> None:
    """Give the tables the settings that a restored table has not."""
    recovery = {"PointInTimeRecoveryEnabled": True}
    for name in TABLES:
        live = f"heliograph-{stage}-{name}"
        dynamodb.update_continuous_backups(TableName=live, PointInTimeRecoverySpecification=recovery)
        dynamodb.update_table(TableName=live, DeletionProtectionEnabled=True)
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    dynamodb.update_time_to_live(TableName=f"heliograph-{stage}-analyses", TimeToLiveSpecification=expiry)


def restore_blobs(s3: Any, bucket: str) -> int:
    """Remove all delete markers of the bucket's present objects, and return how many there were."""
    markers = s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", [])
    latest = [marker for marker in markers if marker["IsLatest"]]
    for marker in latest:
        s3.delete_object(Bucket=bucket, Key=marker["Key"], VersionId=marker["VersionId"])
    return len(latest)
