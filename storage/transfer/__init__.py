"""The data moves too: copy, verify, back up and restore, between any two storages.

Built on what every backend has, ``scan``, ``put_many`` and the high-water marks: nothing here knows an engine.
"""

from storage.transfer.archive import BackupFile, open_backup
from storage.transfer.backing_up import backup
from storage.transfer.checking import check
from storage.transfer.copying import copy
from storage.transfer.diff import Choice, Fate
from storage.transfer.manifest import Manifest
from storage.transfer.progress import Progress
from storage.transfer.records import Record, last_backup, last_verification
from storage.transfer.report import Report, Tally
from storage.transfer.restoring import Restoration, restore
from storage.transfer.verifying import Comparison, Verification, verify

__all__ = [
    "BackupFile",
    "Choice",
    "Comparison",
    "Fate",
    "Manifest",
    "Progress",
    "Record",
    "Report",
    "Restoration",
    "Tally",
    "Verification",
    "backup",
    "check",
    "copy",
    "last_backup",
    "last_verification",
    "open_backup",
    "restore",
    "verify",
]
