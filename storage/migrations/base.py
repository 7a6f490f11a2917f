"""The history of the schema: the same revision ids and the same commands on every backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from storage.errors import Invalid, SchemaOutOfDate
from storage.migrations.history import MONGO_FOLDER, RevisionFile, check_histories, read_files, sql_folder

REMEDY = "run `flask db upgrade`, or storage.migrations.upgrade()"

#: What stands in the place of the revision while a database is out of service.
WITHDRAWN = "withdrawn"

#: Seconds within which a running application notices that its database was withdrawn.
NOTICED_WITHIN = 1.0


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the history: its id, such as ``0003``, and what it does in a sentence."""

    id: str
    summary: str


class Migrations(ABC):
    """The migrations of one storage.

    One upgrader works at a time; another waits, and then finds nothing left to do. A migration that was
    killed is continued by the next. Every revision keeps the rows and the high-water marks.
    """

    @abstractmethod
    def history(self) -> Sequence[Revision]:
        """Return the revisions that this code has, oldest first."""

    @abstractmethod
    def current(self) -> str | None:
        """Return the id of the database's revision, ``None`` before the first; it may be one we do not know."""

    @abstractmethod
    def upgrade(self, to: str = "head") -> None:
        """Run the revisions up to and with ``to``; what was applied already is left alone.

        ``Invalid`` names the rows (at most 20 of them) that a revision cannot take, before it changes anything.
        """

    @abstractmethod
    def downgrade(self, to: str) -> None:
        """Undo the revisions after ``to``, newest first; ``base`` undoes all of them."""

    @abstractmethod
    def stamp(self, revision: str) -> None:
        """Record that the database is at ``revision`` without running anything: for adopting one made elsewhere."""

    @abstractmethod
    def withdraw(self) -> bool:
        """Record ``WITHDRAWN`` in the place of the head revision, until ``reinstate`` records that again.

        From then on the first use of the database is ``SchemaOutOfDate``, and so are ``upgrade`` and
        ``downgrade``. Done already, it is left so; ``SchemaOutOfDate`` for one that is not at the head.
        Return whether it was in service: of several who ask at once, one is told so.
        """

    @abstractmethod
    def reinstate(self) -> None:
        """Record the head revision in the place of ``WITHDRAWN``; where that does not stand, nothing is done."""

    @abstractmethod
    def differences(self) -> Sequence[str]:
        """Return, each in a sentence, the indexes and limits that the database lacks or has otherwise.

        Empty when the database is as the head revision makes it.
        """

    @abstractmethod
    def stored_entities(self) -> Sequence[str]:
        """Return the names of the tables or collections that hold entities, sorted; read from the database.

        Entities that the storage was not opened with are among them: a command that looks only at those of the
        storage would miss them. The answer is complete for a database at the head revision.
        """

    @cached_property
    def checked_history(self) -> Sequence[Revision]:
        """The history; ``Invalid`` if its revisions do not form one line from the first to the head."""
        return self.history()

    def unknown_entities(self, known: Collection[str]) -> Sequence[str]:
        """Return the names of the entities that the database keeps and that are not among the known ones."""
        return sorted(set(self.stored_entities()) - set(known))

    def head(self) -> str:
        """Return the id of the newest revision."""
        return self.history()[-1].id

    def pending(self) -> Sequence[Revision]:
        """Return the revisions that an upgrade would run, oldest first."""
        history, current = list(self.checked_history), self.current()
        if current is None:
            return history
        ids = [revision.id for revision in history]
        return history[ids.index(current) + 1 :] if current in ids else []

    def check_current(self) -> None:
        """Raise ``SchemaOutOfDate`` unless the database is at the head revision."""
        wanted, found = self.checked_history[-1].id, self.current()
        if found != wanted:
            raise self.out_of_date(found)

    def out_of_date(self, found: str | None) -> SchemaOutOfDate:
        """Return the error for a database at a revision that is not the head, or that we do not know."""
        wanted = self.head()
        if found is None:
            message = f"the database has no revision yet and the code wants {wanted}: {REMEDY}"
        elif found == WITHDRAWN:
            message = "the database is out of service: a restore into it is under way, or was cut short: run it again"
        elif found in [revision.id for revision in self.history()]:
            message = f"the database is at revision {found} and the code wants {wanted}: {REMEDY}"
        else:
            message = f"the database is at revision {found}, newer than the code's {wanted}: deploy the newer release"
        return SchemaOutOfDate(message, found=found, wanted=wanted)

    def resolve(self, revision: str) -> str:
        """Return the id that ``head`` stands for, or the id itself; ``Invalid`` if it is not in the history."""
        known = [one.id for one in self.checked_history]
        if revision == "head":
            return known[-1]
        if revision not in known:
            raise Invalid({"revision": f"{revision!r} is not in the history: {', '.join(known)}"})
        return revision


class MigrationsInFiles(Migrations):
    """Migrations whose revisions are numbered files of a folder, each with a twin for the other kind of database."""

    folder: Path

    @cached_property
    def files(self) -> Sequence[RevisionFile]:
        """The numbered files, read without importing one: every start asks for the head."""
        return read_files(self.folder)

    def history(self) -> Sequence[Revision]:
        """Return what the files say; also where they do not form one line, so that it can be seen."""
        return [Revision(file.id, file.summary) for file in self.files]

    @cached_property
    def checked_history(self) -> Sequence[Revision]:
        """The history; ``Invalid`` names the files that do not form one line, or that lack a twin."""
        return [Revision(file.id, file.summary) for file in self.checked_files()]

    def checked_files(self) -> Sequence[RevisionFile]:
        """Return the files; ``Invalid`` where ``checked_history`` is so."""
        check_histories(sql_folder(), MONGO_FOLDER)
        return self.files
