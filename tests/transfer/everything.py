"""The data moves with the rows that let somebody in: so do tests that need an entity with a unique value."""

from __future__ import annotations

from functools import partial

from storage import transfer

backup = partial(transfer.backup, credentials=True)
check = partial(transfer.check, credentials=True)
copy = partial(transfer.copy, credentials=True)
open_backup = partial(transfer.open_backup, credentials=True)
verify = partial(transfer.verify, credentials=True)
