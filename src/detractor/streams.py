"""Find files, open them decompressed and in UTF-8, and tell by their first bytes what they are."""

from __future__ import annotations

import codecs
import glob
import io
import sys
from pathlib import Path
from typing import IO, Any, NamedTuple

from detractor.errors import InputFileError, MissingExtraError, ParameterError, suggestion

STDIN = "-"
HEAD_BYTES = 1 << 16
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or a zip archive; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Office file; save the sheet as CSV",
    b"%PDF": "a PDF; export the feedback as CSV",
}
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def find_files(patterns: list[str] | tuple[str, ...]) -> list[str]:
    """List the files that paths and patterns name, sorted within a pattern, each once.

    Parameters
    ----------
    patterns : list of str
        Paths, patterns with ``*``, ``?``, ``[...]`` or ``**``, or ``"-"`` for standard input.

    Returns
    -------
    list of str

    Raises
    ------
    InputFileError
        A path names nothing or a directory, or a pattern matches nothing.

    Examples
    --------
    >>> find_files(["no/such.csv"])
    Traceback (most recent call last):
        ...
    detractor.errors.InputFileError: no file 'no/such.csv'; check the folder and the name
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        found.update(dict.fromkeys(_matches(pattern)))
    return list(found)


def _matches(pattern: str) -> list[str]:
    path = Path(pattern)
    if path.is_dir():
        raise InputFileError(
            f"{pattern!r} is a directory; name a file in it, or a pattern such as "
            f"{str(path / '*.csv')!r}"
        )
    if pattern == STDIN or path.exists():
        return [pattern]
    if glob.has_magic(pattern):
        names = glob.glob(pattern, recursive=True)  # noqa: PTH207  # keeps the user's spelling
        files = [name for name in names if Path(name).is_file()]
        if not files:
            raise InputFileError(f"no file matches {pattern!r}; check the folder and the pattern")
        return sorted(files)
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = suggestion(path.name, siblings)
    step = hint if hint.startswith("did you") else "check the folder and the name"
    raise InputFileError(f"no file {pattern!r}; {step}")


class Opened(NamedTuple):
    """A decompressed byte stream, with its first bytes, which are still to be read from it."""

    path: str
    head: bytes
    stream: io.BufferedReader[Any]

    def ends_in_quote(self) -> bool:
        """Say whether the stream, now read to its end, closed with a quotation mark."""
        tail: bytes = self.stream.raw.tail
        return tail.rstrip(b"\r\n\x00").endswith(b'"')


def open_bytes(path: str) -> Opened:
    """Open a file or standard input, decompressed.

    Raises
    ------
    MissingExtraError
        Zstandard needs pyarrow.

    Examples
    --------
    >>> import gzip, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.csv.gz"
    ...     _ = file.write_bytes(gzip.compress(b"id,text"))
    ...     opened = open_bytes(str(file))
    ...     with opened.stream:
    ...         print(opened.head, opened.stream.read())
    b'id,text' b'id,text'
    """
    raw: IO[bytes] = sys.stdin.buffer if path == STDIN else Path(path).open("rb")  # noqa: SIM115
    head = raw.read(HEAD_BYTES)
    stream = io.BufferedReader(_Joined(head, raw), HEAD_BYTES)
    kind = next((kind for magic, kind in COMPRESSIONS.items() if head.startswith(magic)), None)
    if kind is None:
        return Opened(path, head, stream)
    try:
        unpacked = _decompress(stream, kind)
        head = unpacked.read(HEAD_BYTES)
    except BaseException:
        stream.close()
        raise
    joined = io.BufferedReader(_Joined(head, unpacked, stream), HEAD_BYTES)
    return Opened(path, head, joined)


def wrap_bytes(path: str, data: bytes) -> Opened:
    """Treat bytes in memory as an opened file.

    Examples
    --------
    >>> wrap_bytes("a.csv", b"id,text").stream.read()
    b'id,text'
    """
    joined = _Joined(data[:HEAD_BYTES], io.BytesIO(data[HEAD_BYTES:]))
    return Opened(path, data[:HEAD_BYTES], io.BufferedReader(joined, HEAD_BYTES))


class _Joined(io.RawIOBase):
    """A stream whose first bytes were read already, and which remembers its last."""

    def __init__(self, head: bytes, rest: IO[bytes], *below: IO[bytes]) -> None:
        self._head, self._rest, self._below = head, rest, below
        self.tail = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # any writable buffer
        data = self._head or self._rest.read(len(buffer))
        taken, self._head = data[: len(buffer)], self._head[len(buffer) :]
        buffer[: len(taken)] = taken
        self.tail = (self.tail + taken)[-16:]
        return len(taken)

    def close(self) -> None:
        for stream in (self._rest, *self._below):
            if stream is not sys.stdin.buffer:
                stream.close()
        super().close()


def _decompress(stream: IO[bytes], kind: str) -> IO[bytes]:
    if kind == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if kind == "bz2":
        import bz2

        return bz2.BZ2File(stream)
    if kind == "xz":
        import lzma

        return lzma.LZMAFile(stream)
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError("pyarrow", extra="parquet") from error
    return pyarrow.CompressedInputStream(stream, "zstd")  # type: ignore[no-any-return]


def detect_format(path: str, head: bytes) -> str:
    r"""Tell CSV, JSON lines and Parquet apart, by content first and name second.

    Raises
    ------
    InputFileError
        The bytes are of none of these.

    Examples
    --------
    >>> detect_format("export.data", b'{"text": "Still broken"}')
    'jsonl'
    >>> detect_format("export.csv", b"PK\x03\x04")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    detractor.errors.InputFileError: 'export.csv' is an Excel workbook or a zip archive; ...
    """
    if not head:
        raise InputFileError(f"{path!r} is empty; it needs a line of column names, and rows")
    if head.startswith(b"PAR1"):
        return "parquet"
    for magic, kind in FOREIGN.items():
        if head.startswith(magic):
            raise InputFileError(f"{path!r} is {kind}")
    if b"\x00" in head and head[:2] not in BYTE_ORDER_MARKS:
        raise InputFileError(f"{path!r} is not a table: it holds NUL bytes, as binary files do")
    known = [SUFFIXES[s] for s in map(str.lower, Path(path).suffixes) if s in SUFFIXES]
    by_name = known[-1] if known else None
    if by_name == "parquet":
        raise InputFileError(f"{path!r} is not Parquet, though its name says so")
    if by_name == "jsonl" and head.lstrip().startswith(b"["):
        raise InputFileError(f"{path!r} is one JSON array; write one object a line (JSON lines)")
    return by_name or ("jsonl" if head.lstrip().startswith(b"{") else "csv")


def detect_encoding(path: str, head: bytes) -> str:
    r"""Tell UTF-8 and UTF-16 by their bytes; guess nothing else.

    Raises
    ------
    InputFileError
        The bytes are neither.

    Examples
    --------
    >>> detect_encoding("a.csv", "id,text\n1,café".encode())
    'utf-8-sig'
    >>> latin = "id,text\n1,café au lait".encode("cp1252")
    >>> detect_encoding("a.csv", latin)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    detractor.errors.InputFileError: 'a.csv' is not UTF-8 (byte 0xe9 in line 2); if ...
    """
    if head[:2] in BYTE_ORDER_MARKS:
        return BYTE_ORDER_MARKS[head[:2]]
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(head) < HEAD_BYTES or error.start < len(head) - 4:  # the head may cut a character
            line = head.count(b"\n", 0, error.start) + 1
            raise InputFileError(
                f"{path!r} is not UTF-8 (byte 0x{head[error.start]:02x} in line {line}); "
                "if a Windows program saved it, say that its encoding is cp1252"
            ) from error
    return "utf-8-sig"


def check_encoding(name: str) -> None:
    """Refuse an encoding that Python does not know.

    Examples
    --------
    >>> check_encoding("cp1252")
    >>> check_encoding("cp12")
    Traceback (most recent call last):
        ...
    detractor.errors.ParameterError: no encoding 'cp12'; 'utf-8' and 'cp1252' are the usual ones
    """
    try:
        "".encode(name)
    except LookupError as error:
        raise ParameterError(
            f"no encoding {name!r}; 'utf-8' and 'cp1252' are the usual ones"
        ) from error


# A byte that is not text, 0x80 to 0xff, as Python's "surrogateescape" has it, and as a character
# of the private use that survives in UTF-8.
MARKS = {0xDC00 + byte: 0x10FE00 + byte for byte in range(0x80, 0x100)}
MARKED = r"[\x{10FE80}-\x{10FEFF}]"
_UNMARKS = {mark: escape for escape, mark in MARKS.items()}


def unmark(text: str) -> bytes:
    r"""Give the bytes of a text that `Recoded` marked.

    Examples
    --------
    >>> unmark("caf" + chr(MARKS[0xDCE9]))
    b'caf\xe9'
    """
    return text.translate(_UNMARKS).encode("utf-8", "surrogateescape")


class Recoded(io.RawIOBase):
    """A byte stream turned from one encoding into UTF-8; bytes it cannot read pass as they are.

    Parameters
    ----------
    stream : file
        Bytes.
    encoding : str
        Theirs.
    marked : bool
        Let bytes that it cannot read pass as `MARKS`, so that all is UTF-8.

    Attributes
    ----------
    damaged : bool
        Whether there was such a byte so far.

    Examples
    --------
    >>> Recoded(io.BytesIO("café".encode("cp1252")), "cp1252").read().decode()
    'café'
    """

    def __init__(self, stream: IO[bytes], encoding: str, *, marked: bool = False) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._marked = marked
        self._is_utf8 = encoding.startswith("utf-8")
        self._left = b""
        self._begun = False
        self.damaged = False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # any writable buffer
        """Fill the buffer, as `io.RawIOBase` asks."""
        while not self._left:
            raw = self._stream.read(max(1, len(buffer)))
            if self._is_whole(raw):
                self._left = raw
                break
            self._left = self._encode(self._decoder.decode(raw, final=not raw))
            self._begun = True
            if not raw:
                break
        taken, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _is_whole(self, raw: bytes) -> bool:
        """Tell whether bytes are UTF-8 without half a character, and may pass untouched."""
        if not (raw and self._is_utf8 and self._begun) or self._decoder.getstate()[0]:
            return False
        try:
            raw.decode()
        except UnicodeDecodeError:
            return False
        return True

    def _encode(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError:
            self.damaged = True
            text = text.translate(MARKS) if self._marked else text
            return text.encode("utf-8", "surrogateescape")
