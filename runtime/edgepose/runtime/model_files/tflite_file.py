"""A TFLite file as edgepose writes it: a flatbuffer, and appended to it a zip archive with the card.

Engines read the flatbuffer alone and check little of it: some damage would end the process. So the archive also holds
the flatbuffer's SHA-256, and a file is handed to an engine only when that, or the sidecar's, is right.
"""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.card import TFLITE_CARD_MEMBER, ModelCard

_IDENTIFIER = b"TFL3"
"""At byte 4 of every TFLite flatbuffer."""
_HASH_MEMBER = "edgepose.model.sha256"
_LARGEST_MEMBER = 1 << 24
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises for archives that are damaged, by chance or on purpose."""


def with_card(flatbuffer: bytes, card: ModelCard) -> bytes:
    """Return the content of a TFLite file: the flatbuffer with its card and hash appended."""
    content = io.BytesIO(flatbuffer)
    with zipfile.ZipFile(content, "a") as archive:
        # without a date, so that the same model is the same file
        archive.writestr(zipfile.ZipInfo(TFLITE_CARD_MEMBER), card.to_json())
        archive.writestr(zipfile.ZipInfo(_HASH_MEMBER), hashlib.sha256(flatbuffer).hexdigest())
    return content.getvalue()


def embedded_card(path: Path) -> str | None:
    """Return the text of the card in a TFLite file, None where no archive is appended.

    Raises `ModelError` when the file is no TFLite model, or when the archive or what it vouches for is damaged.
    """
    try:
        with path.open("rb") as file:
            found = file.read(8)[4:]
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}; check the path") from error
    if found != _IDENTIFIER:
        raise ModelError(f"{path} is not a TFLite model: expected TFL3 at byte 4, found {found!r}; export it again")
    if not zipfile.is_zipfile(path):
        return None
    try:
        text, expected, length = _members(path)
    except _DAMAGE as error:
        raise ModelError(f"{path} is damaged at its end, where the card is: {error}; export it again") from error
    with path.open("rb") as file:
        if hashlib.sha256(file.read(length)).hexdigest() != expected:
            raise ModelError(f"{path} is not the model of the card inside, or is damaged; export it again")
    return text


def _members(path: Path) -> tuple[str, str, int]:
    """Return the card, the hash, and where the flatbuffer ends."""
    with zipfile.ZipFile(path) as archive:
        members = [archive.getinfo(name) for name in (TFLITE_CARD_MEMBER, _HASH_MEMBER)]
        if any(member.file_size > _LARGEST_MEMBER for member in members):
            raise ValueError("the card is larger than any card")
        card, digest = (archive.read(member).decode() for member in members)
        return card, digest, min(member.header_offset for member in archive.infolist())
