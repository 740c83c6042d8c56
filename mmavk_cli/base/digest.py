"""Digests and the one JSON form they are taken of."""

import hashlib
import json
from pathlib import Path
from typing import Any

SCHEME = "sha256"


def canonical(value: Any) -> str:
    """The one JSON form of a value: sorted keys, no spaces, UTF-8 kept. Equal values give equal strings.

    Raises:
        ValueError: a NaN or infinite number.
        TypeError: a value JSON cannot hold.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(data: bytes | str) -> str:
    """Tagged digest (`sha256:…`) of bytes or of a text's UTF-8 form, lone surrogates included."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return f"{SCHEME}:{hashlib.sha256(raw).hexdigest()}"


def digest_file(path: Path) -> str:
    """Tagged digest of a file's bytes, read in pieces.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as handle:
        return f"{SCHEME}:{hashlib.file_digest(handle, SCHEME).hexdigest()}"


def short(tagged: str, length: int = 12) -> str:
    """The first hex digits of a tagged digest, for people."""
    return tagged.partition(":")[2][:length]
