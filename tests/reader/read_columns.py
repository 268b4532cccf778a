"""Reads blocks of columns, written from docs/formats/columns.md alone."""

from read_store import Damaged, LaterVersion

MASK = (1 << 64) - 1


class Bytes:
    """Bytes that are read from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if size > len(self.data) - self.at:
            raise Damaged("the block ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if value > MASK or (byte == 0 and shift > 7):
                    raise Damaged("a varint")
                return value

    def end(self):
        if self.at != len(self.data):
            raise Damaged("there is more than there should be")


def numbers(data, rows):
    bytes_ = Bytes(data)
    form, width = bytes_.take(2)
    base = bytes_.varint()
    if form > 1 or width > 8:
        raise Damaged("a column of numbers")
    planes = bytes_.take(width * rows)
    bytes_.end()
    values = []
    for row in range(rows):
        number = sum(planes[plane * rows + row] << 8 * plane for plane in range(width))
        if form == 1:
            base = (base + (number >> 1 ^ -(number & 1))) & MASK
            values.append(base)
        else:
            values.append((base + number) & MASK)
    return values


def texts(data, rows, like):
    """The texts, and the distance of each row. like: the distances of the column that it follows, or None."""
    bytes_ = Bytes(data)
    sizes = [bytes_.varint() for _ in range(3)]
    codes, shared, rests = (Bytes(bytes_.take(size)) for size in sizes)
    values, distances, last = [], [], b""
    for row in range(rows):
        code, told = codes.varint(), like[row] if like else 0
        distance = code if told == 0 else code - 1 if code > 0 else told
        if distance > row:
            raise Damaged("a distance")
        if distance == 0:
            begin = shared.varint()
            if begin > len(last):
                raise Damaged("a text's beginning")
            last = last[:begin] + bytes_.take(rests.varint())
        values.append(values[row - distance] if distance else last)
        distances.append(distance)
    for stream in (codes, shared, rests, bytes_):
        stream.end()
    return values, distances


def words(data, rows):
    bytes_ = Bytes(data)
    counts = bytes_.take(rows)
    if rows and not all(1 <= count <= 12 for count in counts):
        raise Damaged("the count of parts")
    values = [[] for _ in counts]
    for part in range(max(counts, default=0)):
        having = [row for row in range(rows) if counts[row] > part]
        column, _ = texts(bytes_.take(bytes_.varint()), len(having), None)
        for row, text in zip(having, column):
            values[row].append(text)
    bytes_.end()
    return [b" ".join(parts) for parts in values]


def read_columns(data):
    bytes_ = Bytes(data)
    version = bytes_.varint()
    if version > 1:
        raise LaterVersion("the columns")
    rows, count = bytes_.varint(), bytes_.varint()
    if version == 0 or rows > 4194304 or not 1 <= count <= 64:
        raise Damaged("the columns' head")
    entries = [(bytes_.varint(), bytes_.varint(), bytes_.varint()) for _ in range(count)]
    columns, distances = [], []
    for index, (kind, like, size) in enumerate(entries):
        if kind > 2 or like > index or (like and (kind != 1 or entries[like - 1][0] != 1)):
            raise Damaged("a column's entry")
        body = bytes_.take(size)
        distances.append(None)
        if kind == 0:
            columns.append(numbers(body, rows))
        elif kind == 1:
            values, distances[index] = texts(body, rows, distances[like - 1] if like else None)
            columns.append(values)
        else:
            columns.append(words(body, rows))
    bytes_.end()
    return columns
