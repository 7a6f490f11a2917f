"""Encryption by age, as a stream in a thread of its own: the library pulls where a backup pushes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from storage.backends import missing_driver
from storage.errors import Invalid

#: How an encrypted file begins.
MAGIC = b"age-encryption.org/"


def age() -> Any:
    """Return the library."""
    try:
        import pyrage
    except ModuleNotFoundError as error:
        raise missing_driver(error, "transfer") from error
    return pyrage


def read_recipients(texts: Sequence[str]) -> list[Any]:
    """Return the recipients of texts such as ``age1…`` or ``ssh-ed25519 …``."""
    return [read_recipient(text) for text in texts]


def read_recipient(text: str) -> Any:
    """Return one recipient; ``Invalid`` for what is none."""
    kind = age().ssh.Recipient if text.startswith("ssh-") else age().x25519.Recipient
    try:
        return kind.from_str(text.strip())
    except age().RecipientError as error:
        raise Invalid({"recipient": f"{text!r} is none: give age1…, or a public key of SSH"}) from error


def read_identities(file: Path) -> list[Any]:
    """Return the identities in a file, as age-keygen writes it, or in a private key of SSH's."""
    content = file.read_bytes()
    try:
        if b"PRIVATE KEY" in content:
            return [age().ssh.Identity.from_buffer(content)]
        lines = [line.strip() for line in content.decode().splitlines()]
        keys = [age().x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (age().IdentityError, ValueError):
        # The cause could show the key.
        raise Invalid({"identity": f"{file} holds no key: give the file that age-keygen wrote"}) from None
    if not keys:
        raise Invalid({"identity": f"{file} holds no key: give the file that age-keygen wrote"})
    return keys


class Pump:
    """A thread that turns what it reads into what it writes, and remembers what went wrong.

    It closes ``end``, its end of a pipe, and only then does the other side see that there is no more.
    """

    def __init__(self, work: Callable[[], None], end: IO[bytes]) -> None:
        self.failure: BaseException | None = None
        self.work = work
        self.end = end
        self.thread = threading.Thread(target=self.run, name="engine-room-age", daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Work until there is nothing left to read."""
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            self.failure = error
        finally:
            with suppress(BrokenPipeError):
                self.end.close()


@contextmanager
def encrypting(sink: IO[bytes], recipients: Sequence[Any]) -> Iterator[IO[bytes]]:
    """Give a file to write in; what is written arrives at the sink encrypted, wholly when the block is left."""
    reading, writing = (open(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))  # noqa: SIM115
    pump = Pump(lambda: age().encrypt_io(reading, sink, recipients), reading)
    try:
        # Where the thread has given up, what it says is of more use than that nobody reads.
        with suppress(BrokenPipeError), writing:
            yield writing
    finally:
        pump.thread.join()
    if pump.failure is not None:
        raise OSError(f"the encrypted file cannot be written: {pump.failure}") from pump.failure


@contextmanager
def decrypting(source: IO[bytes], identities: Sequence[Any]) -> Iterator[IO[bytes]]:
    """Give a file to read the plain bytes from; ``Invalid`` for another's key, and for a damaged file."""
    reading, writing = (open(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))  # noqa: SIM115
    pump = Pump(lambda: age().decrypt_io(source, writing, identities), writing)
    failure = None
    try:
        yield reading
    except Invalid:
        # What was cut short here was cut short by the thread, if that has failed before we let go of the pipe.
        failure = pump.failure
        if failure is None:
            raise
    finally:
        failure = failure or pump.failure
        reading.close()
        pump.thread.join()
    if failure is not None:
        raise refused(failure) from failure


def refused(failure: BaseException) -> BaseException:
    """Return what an error of the decryption means."""
    if isinstance(failure, (age().DecryptError, OSError)):
        return Invalid({"file": "cannot be decrypted: the key is another's, or the file is damaged"})
    return failure
