"""`libviewer`, the viewer's Rust extension, which no package index has: its `Dataset` in Python, as its source reads.

    plan      which files and which rows of each (src/dataset.rs, `plan`)
    limit     what is fetched of a row group may not be heavier than the limit; with an offset index, pages that hold
              no wanted row are not fetched (src/parquet.rs, `LimitedAsyncReader`, and the selection of parquet-rs)
    columns   all of them, whatever the config declares (src/parquet.rs, `ProjectionMask::all()`)

The offset index is read from the file's own bytes, in Thrift's compact protocol, since pyarrow does not show it.
"""

import io
import struct
import urllib.parse
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq

FETCHED = []  # bytes of each row group that was read, over all datasets


class DatasetError(Exception):
    """What the extension raises."""


class Dataset:
    """Files of a dataset on a Hub, with their metadata in a folder."""

    def __init__(self, name, files, metadata_store, revision=None, hf_token=None, hf_endpoint=None, data_store=None):
        self.name, self.files, self.revision, self.endpoint = name, files, revision, hf_endpoint
        self.metadata = Path(metadata_store.removeprefix("file://"))

    def sync_index(self, files=None, max_parallelism=16):
        """Keep each file's footer in the folder of metadata; the files, with their numbers of rows."""
        indexed = []
        for file in files or self.files:
            footer = pq.ParquetFile(io.BytesIO(self._bytes(file["path"]))).metadata
            place = self.metadata / file["metadata_path"]
            place.parent.mkdir(parents=True, exist_ok=True)
            footer.write_metadata_file(place)
            indexed.append({**file, "num_rows": footer.num_rows})
        return indexed

    async def scan(self, limit=None, offset=None, scan_size_limit=1 << 30):
        """Record batches of the wanted rows, and the files that have no offset index."""
        batches, without_index = [], []
        before, wanted, left = 0, offset or 0, 1 << 62 if limit is None else limit
        for file in self.files:
            rows = file["num_rows"]
            if before + rows > wanted:
                first = max(wanted - before, 0)
                count = min(left, rows - first)
                left -= count
                data = self._bytes(file["path"])
                groups = list(row_groups(data))
                if any(index is None for group in groups for _, index in group["columns"]):
                    without_index.append(file)
                batches += _read(data, groups, first, first + count, scan_size_limit)
                if not left:
                    break
            before += rows
        return batches, without_index

    def _bytes(self, path):
        at = urllib.parse.quote(self.revision, safe="")
        with urllib.request.urlopen(f"{self.endpoint}/datasets/{self.name}/resolve/{at}/{path}") as answer:
            return answer.read()


def _read(data, groups, first, last, limit):
    """Batches of the rows from `first` to `last`, a row group at a time."""
    file, begin, batches = pq.ParquetFile(io.BytesIO(data)), 0, []
    for number, group in enumerate(groups):
        end = begin + group["rows"]
        low, high = max(first, begin), min(last, end)
        if low < high:
            heavy = sum(_fetched(size, index, low - begin, high - begin) for size, index in group["columns"])
            if heavy > limit:
                raise DatasetError(
                    f"Scan size limit exceeded: attempted to read {heavy} bytes, limit is {limit} bytes"
                )
            FETCHED.append(heavy)
            batches += file.read_row_group(number).slice(low - begin, high - low).to_batches()
        begin = end
    return batches


def _fetched(size, index, low, high):
    """Bytes of a column chunk that hold the rows from `low` to `high`, and its dictionary."""
    if index is None:
        return size
    ends = [page["first_row"] for page in index[1:]] + [1 << 62]
    pages = [page for page, end in zip(index, ends, strict=True) if page["first_row"] < high and end > low]
    dictionary = size - sum(page["size"] for page in index)
    return dictionary + sum(page["size"] for page in pages)


def row_groups(data):
    """Of each row group its rows, and of each column chunk its compressed size and its pages, or None for them."""
    length = struct.unpack("<I", data[-8:-4])[0]
    footer = Compact(data, len(data) - 8 - length).struct()
    for group in footer[4]:
        columns = [(chunk[3][7], _pages(data, chunk)) for chunk in group[1]]
        yield {"rows": group[3], "columns": columns}


def _pages(data, chunk):
    if 4 not in chunk:
        return None
    index = Compact(data, chunk[4]).struct()
    return [{"size": page[2], "first_row": page[3]} for page in index[1]]


class Compact:
    """Thrift's compact protocol: a struct becomes field number -> value."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def zigzag(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def struct(self):
        fields, number = {}, 0
        while head := self.byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            fields[number] = kind == 1 if kind in (1, 2) else self.value(kind)
        return fields

    def value(self, kind):
        if kind in (1, 2):  # a truth value in a list
            return self.byte() == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 7:
            self.at += 8
            return struct.unpack("<d", self.data[self.at - 8 : self.at])[0]
        if kind == 8:
            length = self.varint()
            self.at += length
            return self.data[self.at - length : self.at]
        if kind in (9, 10):
            head = self.byte()
            length = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.value(head & 15) for _ in range(length)]
        if kind == 12:
            return self.struct()
        raise ValueError(f"a value of kind {kind} does not occur in Parquet")
