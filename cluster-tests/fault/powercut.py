#!/usr/bin/env python3
"""Makes a data directory what a disk would hold after a power cut.

    powercut.py DATA JOURNAL SEED

The process that wrote the directory ran with libfault.so and this journal (libfault.h), and is dead.
What was not durable may be lost, as the seed draws it:

- Changes of names whose directory was not synced since are undone, newest first; how many of them is
  drawn, for file systems keep their order.
- Each file keeps what was synced and a piece of what was not, of a length that is drawn. The last
  sector of that piece may be torn: zeroes, or anything.

Lengths are enough because RocksDB only appends: a trace of the system calls of its tests shows no
write elsewhere, no file reused, and truncation only to the length a file has (which releases what
was allocated beyond it). What follows a failed sync counts as never synced, whatever later syncs
say.

Afterwards all that is left is durable, and the journal is empty.
"""
import os
import pathlib
import random
import shutil
import sys

SECTOR = 512


class Journal:
    """What the records say: names that are not durable, oldest first, and lengths that are."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.kept = pathlib.Path(f"{path}.kept")
        self.names = []  # (sequence, kind, paths)
        self.durable = {}  # inode: bytes
        self.failed = set()  # inodes that are not durable beyond that any more
        synced = {}
        # It may have died before it began.
        text = self.path.read_text() if self.path.exists() else ""
        for line in text.splitlines():
            kind, number, rest = line.split(" ", 2)
            if kind in ("create", "rename", "link", "unlink"):
                self.names.append((int(number), kind, rest.split("\t")))
            elif kind == "names":
                synced[rest] = max(int(number), synced.get(rest, 0))
            else:
                self.note_file(kind, int(number), int(rest))
        self.names = sorted(
            name for name in self.names if name[0] > synced.get(os.path.dirname(name[2][-1]), 0)
        )

    def note_file(self, kind, inode, size):
        if kind == "born":
            self.durable[inode] = 0
            self.failed.discard(inode)
        elif kind == "failed":
            self.failed.add(inode)
        elif kind == "cut":
            if inode in self.durable:
                self.durable[inode] = min(self.durable[inode], size)
        elif inode in self.durable and inode not in self.failed:
            self.durable[inode] = max(self.durable[inode], size)

    def clear(self):
        self.path.write_text("")
        shutil.rmtree(self.kept, ignore_errors=True)


def undo_name(sequence, kind, paths, kept):
    """Undoes a change of names, if it was made: the process may have died just before."""
    copy = kept / str(sequence)
    new = paths[-1]
    if kind == "create":
        if os.path.isdir(new):
            shutil.rmtree(new)
        elif os.path.exists(new):
            os.unlink(new)
    elif kind == "link":
        if os.path.exists(new):
            os.unlink(new)
    elif kind == "unlink":
        if copy.exists() and not os.path.exists(new):
            os.link(copy, new)
    elif os.path.exists(new) and not os.path.exists(paths[0]):
        os.rename(new, paths[0])
        if copy.exists():
            os.link(copy, new)


def draw(prng, low, high):
    """One of the ends, often, or anything between."""
    return prng.choice((low, high, prng.randint(low, high)))


def cut_file(path, durable, prng):
    """Cuts a file back; whether anything is lost of it."""
    size = path.stat().st_size
    if size <= durable:
        return False
    end = draw(prng, durable, size)
    sector = max(durable, (end - 1) // SECTOR * SECTOR)
    with open(path, "r+b") as file:
        file.truncate(end)
        if end > sector and prng.random() < 0.5:
            file.seek(sector)
            file.write(prng.choice((bytes(end - sector), prng.randbytes(end - sector))))
    return True


def power_cut(data, journal_path, seed):
    """Returns what was lost, as texts."""
    prng = random.Random(seed)
    journal = Journal(journal_path)
    lost = []
    for sequence, kind, paths in reversed(journal.names[draw(prng, 0, len(journal.names)):]):
        undo_name(sequence, kind, paths, journal.kept)
        lost.append(f"{kind} {' '.join(os.path.basename(path) for path in paths)}")
    for path in sorted(pathlib.Path(data).rglob("*")):
        if not path.is_file():
            continue
        durable = journal.durable.get(path.stat().st_ino)
        before = path.stat().st_size
        if durable is not None and cut_file(path, durable, prng):
            lost.append(f"{path.name}: {durable} of {before} bytes durable, "
                        f"{path.stat().st_size} left")
    journal.clear()
    return lost


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n")[2].strip())
    print("\n".join(power_cut(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
