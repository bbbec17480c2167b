"""Keys for servers: made and revoked on the command line, kept as hashes in the data folder.

`python -m assistant keys add NAME | list | revoke NAME`. A key has 256 random bits, so that a plain
SHA-256 cannot be guessed back. A running server sees a change at its next request.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from assistant.errors import FootnoteError

PREFIX = "fn_"
FILE = "keys.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Key:
    """One key's name, the SHA-256 of the whole key, and the day it was made."""

    name: str
    sha256: str
    made: str


class Keys:
    """The keys of one data folder; there are none without one."""

    def __init__(self, data: Path | None) -> None:
        self.path = (data or Path(os.devnull)) / FILE
        self._seen: tuple[int, int] | None = None
        self._keys: tuple[Key, ...] = ()

    def add(self, name: str) -> str:
        """The new key; it is shown this once. Raises FootnoteError for a name that is taken or unusable."""
        if not _NAME.fullmatch(name):
            raise FootnoteError(f"{name!r} is no name for a key. Use letters, digits, dots and dashes, 64 at most.")
        key = PREFIX + secrets.token_urlsafe(32)
        with self._locked():
            keys = self.list()
            if any(k.name == name for k in keys):
                raise FootnoteError(f"A key named {name!r} exists. Revoke it first, or choose another name.")
            self._write((*keys, Key(name, _sha256(key), time.strftime("%Y-%m-%d"))))
        return key

    def revoke(self, name: str) -> None:
        """Raises FootnoteError where there is no such key."""
        with self._locked():
            keys = self.list()
            left = tuple(k for k in keys if k.name != name)
            if left == keys:
                names = ", ".join(k.name for k in keys) or "none"
                raise FootnoteError(f"There is no key named {name!r}. There are: {names}.")
            self._write(left)

    def list(self) -> tuple[Key, ...]:
        """Oldest first; read again only when the file has changed. Raises FootnoteError when it is damaged."""
        try:
            status = self.path.stat()
            if self._seen != (status.st_mtime_ns, status.st_ino):
                rows = json.loads(self.path.read_text(encoding="utf-8"))
                self._keys = tuple(Key(str(r["name"]), str(r["sha256"]), str(r["made"])) for r in rows)
                self._seen = (status.st_mtime_ns, status.st_ino)
        except (FileNotFoundError, NotADirectoryError):
            self._seen, self._keys = None, ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FootnoteError(
                f"{self.path} cannot be read ({error}). Restore it, or remove it and make new keys."
            ) from error
        return self._keys

    def name_of(self, key: str) -> str | None:
        """Whose key this is. Every hash is compared, in constant time."""
        found, wanted = None, _sha256(key)
        for known in self.list():
            if hmac.compare_digest(known.sha256, wanted):
                found = known.name
        return found

    def _locked(self) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path.with_suffix(".lock"), timeout=10)

    def _write(self, keys: tuple[Key, ...]) -> None:
        part = self.path.with_name(f"{FILE}.{secrets.token_hex(4)}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump([{"name": k.name, "sha256": k.sha256, "made": k.made} for k in keys], file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def command(argv: Sequence[str]) -> int:
    """`python -m assistant keys ...`; returns the exit status."""
    from assistant.settings import from_environment

    parser = argparse.ArgumentParser(prog="python -m assistant keys", description="Keys with which servers ask.")
    what = parser.add_subparsers(dest="what", required=True, metavar="add | list | revoke")
    what.add_parser("add", help="make a key and show it, this once").add_argument("name")
    what.add_parser("list", help="names, and the days they were made")
    what.add_parser("revoke", help="a running server refuses it from its next request on").add_argument("name")
    args = parser.parse_args(argv)
    try:
        keys = Keys(from_environment().data)
        if args.what == "add":
            print(keys.add(args.name))
            print(
                "Send it as `Authorization: Bearer KEY`. It is not stored and cannot be shown again.", file=sys.stderr
            )
        elif args.what == "revoke":
            keys.revoke(args.name)
        else:
            for key in keys.list():
                print(f"{key.made}  {key.name}")
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
