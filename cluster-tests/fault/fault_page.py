"""The page by which libfault.so is told what to do to a process (libfault.h has the layout).

    page = FaultPage(directory / "page")
    process = Popen(..., env={**environment, **page.environment(library, data, journal)})
    page.clock_us = -3_600_000_000
    page.fail("sync", "wal")             # the next fsync of a WAL fails with EIO
    page.disk_full(True)
"""
import errno
import mmap
import pathlib

VERSION = 1
BYTES = 4096
WORDS = {
    "version": 0, "clock_us": 1, "hang": 2, "sync_delay_us": 3, "read_delay_us": 4,
    "write_delay_us": 5, "free_bytes_less": 6, "ready": 7,
}
CELLS = 64
CELL_WORDS = 8
KINDS = (
    "sync", "range_sync", "write", "read", "open", "create", "rename", "unlink", "truncate",
    "allocate",
)
CLASSES = ("wal", "sst", "manifest", "directory", "other")
CALLS, FAILED, COUNTDOWN, LENGTH, ACTION, ERROR = range(6)
ACTIONS = {"fails": 0, "short": 1, "torn": 2}
FOR_EVER = 2**64 - 1


def word_property(index):
    return property(
        lambda page: page.words[index],
        lambda page, value: page.words.__setitem__(index, value % 2**64),
    )


class FaultPage:
    """Makes the file, with nothing wrong. Words are written whole, so the process may run."""

    clock_us = word_property(WORDS["clock_us"])
    hang = word_property(WORDS["hang"])
    sync_delay_us = word_property(WORDS["sync_delay_us"])
    read_delay_us = word_property(WORDS["read_delay_us"])
    write_delay_us = word_property(WORDS["write_delay_us"])
    free_bytes_less = word_property(WORDS["free_bytes_less"])
    ready = word_property(WORDS["ready"])

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.write_bytes(bytes(BYTES))
        with open(self.path, "r+b") as file:
            self.words = memoryview(mmap.mmap(file.fileno(), BYTES)).cast("Q")
        self.words[WORDS["version"]] = VERSION

    def environment(self, library, data, journal=None):
        """What a process needs in its environment to obey this page below the directory `data`."""
        found = {
            "LD_PRELOAD": str(library), "CARTWHEEL_FAULT_PAGE": str(self.path),
            "CARTWHEEL_FAULT_DATA": str(data),
        }
        if journal is not None:
            found["CARTWHEEL_FAULT_JOURNAL"] = str(journal)
        return found

    @staticmethod
    def cell(kind, file_class):
        return CELLS + (KINDS.index(kind) * len(CLASSES) + CLASSES.index(file_class)) * CELL_WORDS

    def fail(self, kind, file_class, number=1, length=1, action="fails", error=errno.EIO):
        """The `number`-th call from now on fails, and `length` in all."""
        cell = self.cell(kind, file_class)
        self.words[cell + COUNTDOWN] = 0
        self.words[cell + LENGTH] = length
        self.words[cell + ACTION] = ACTIONS[action]
        self.words[cell + ERROR] = error
        self.words[cell + COUNTDOWN] = number

    def heal(self):
        """Nothing is wrong any more; the counters stay."""
        for name in ("clock_us", "hang", "sync_delay_us", "read_delay_us", "write_delay_us",
                     "free_bytes_less"):
            self.words[WORDS[name]] = 0
        for kind in KINDS:
            for file_class in CLASSES:
                self.words[self.cell(kind, file_class) + COUNTDOWN] = 0

    def disk_full(self, full):
        """Whatever would need space fails, and statvfs() says that none is free."""
        for kind in ("write", "create", "rename", "allocate"):
            for file_class in CLASSES:
                self.fail(kind, file_class, int(full), FOR_EVER, "fails", errno.ENOSPC)
        self.free_bytes_less = FOR_EVER if full else 0

    def calls(self):
        """How many calls there were: {(kind, class): count} without those that had none."""
        return self.counted(CALLS)

    def failed(self):
        return self.counted(FAILED)

    def counted(self, word):
        counts = {
            (kind, name): self.words[self.cell(kind, name) + word]
            for kind in KINDS for name in CLASSES
        }
        return {key: count for key, count in counts.items() if count > 0}
