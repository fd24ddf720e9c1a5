"""A file of any size, of which a window of fixed size is in memory."""

from chalicelib.features.devices.imports.model import WINDOW_BYTES, Read


class Window:
    """A file of *size* bytes, read from front to back: what was left behind is gone."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._start = 0
        self.size = size
        self.data = b""

    @property
    def is_last(self) -> bool:
        """Whether the window holds the end of the file."""
        return self._end == self.size

    def holding(self, offset: int, length: int) -> int:
        """Where in `data` the byte at *offset* is, which *length* bytes or the end follow."""
        if min(offset + length, self.size) > self._end:
            self._move(offset)
        return offset - self._start

    def after_line(self, offset: int) -> int:
        """The offset at which the line after the one at *offset* begins, or the file ends."""
        while offset < self.size:
            index = self.holding(offset, 1)
            found = self.data.find(b"\n", index)
            if found >= 0:
                return self._start + found + 1
            offset = self._end
        return self.size

    @property
    def _end(self) -> int:
        return self._start + len(self.data)

    def _move(self, offset: int) -> None:
        """Have the window begin at *offset*, and reach as far as it may."""
        kept = self.data[max(offset - self._start, 0) :] if offset < self._end else b""
        known = offset + len(kept)
        self.data = kept + self._read(known, min(known + WINDOW_BYTES, self.size))
        self._start = offset
