/* libfault: a library for LD_PRELOAD that makes a process's clock and disk misbehave on demand.
 *
 * Environment of the process:
 *
 *     CARTWHEEL_FAULT_PAGE     a file of FAULT_PAGE_BYTES, mapped shared and obeyed live
 *     CARTWHEEL_FAULT_DATA     absolute path; only files and names below it are touched
 *     CARTWHEEL_FAULT_JOURNAL  if set: keep in this file what a power cut would leave of them
 *
 * Without the first, nothing is touched. A page of another version stops the process.
 *
 * The page is an array of 64-bit little-endian words, all 0 at first but the version (fault_page.py
 * writes it from Python): enum fault_word says what the first ones mean; from FAULT_CELLS on stands
 * one cell for each kind of call and class of file, of FAULT_CELL_WORDS words (enum
 * fault_cell_word), the cell of (kind, class) at
 *
 *     FAULT_CELLS + (kind * FAULT_CLASSES + class) * FAULT_CELL_WORDS
 *
 * The shim counts calls in its cell before it decides about them. The `countdown`-th call from when
 * that word was set on fails, and so do those that follow it, `length` in all; write the cell's
 * other words first.
 *
 * Delays come before the call, hold nobody else's, and end early when their word is lowered. Reads
 * through <stdio.h> other than fread_unlocked() are not seen, nor are files opened by fopen() or
 * named LOG*: RocksDB keeps its diagnostics there.
 *
 * The journal is text, one record a line, appended by write(2) and so complete after a SIGKILL:
 *
 *     create SEQUENCE PATH              about to make a file or a directory that is not there
 *     rename SEQUENCE OLD<tab>NEW       about to rename; what NEW was is kept as KEPT/SEQUENCE
 *     link SEQUENCE OLD<tab>NEW         about to give a second name
 *     unlink SEQUENCE PATH              about to remove; what it was is kept as KEPT/SEQUENCE
 *     names SEQUENCE DIRECTORY          records up to this one are durable there
 *     born INODE                        a file is empty, and nothing of it is durable
 *     synced INODE BYTES                so much of it is durable at least
 *     failed INODE 0                    a sync of it failed, and no later one is believed
 *     cut INODE BYTES                   it was truncated to this
 *
 * KEPT is the journal's path with ".kept" appended. A process that starts again appends.
 * powercut.py reads it. */
#pragma once

enum { FAULT_VERSION = 1, FAULT_PAGE_BYTES = 4096 };

enum fault_word {
    FAULT_WORD_VERSION,         /* FAULT_VERSION */
    FAULT_WORD_CLOCK_US,        /* signed: added to the wall clock; monotonic clocks stay true */
    FAULT_WORD_HANG,            /* calls that would be delayed wait while it is not 0 */
    FAULT_WORD_SYNC_DELAY_US,   /* of fsync and fdatasync */
    FAULT_WORD_READ_DELAY_US,   /* of reads */
    FAULT_WORD_WRITE_DELAY_US,  /* of writes */
    FAULT_WORD_FREE_BYTES_LESS, /* so much less is free, by statvfs() */
    FAULT_WORD_READY,           /* the shim's: the process id, once it obeys */
    FAULT_CELLS = 64
};

enum fault_kind {
    FAULT_SYNC,       /* fsync, fdatasync */
    FAULT_RANGE_SYNC, /* sync_file_range */
    FAULT_WRITE,      /* write, pwrite */
    FAULT_READ,       /* read, pread, fread_unlocked */
    FAULT_OPEN,       /* open of what is there */
    FAULT_CREATE,     /* open of what is not, mkdir */
    FAULT_RENAME,     /* rename, link; the class is that of the new name */
    FAULT_UNLINK,     /* unlink */
    FAULT_TRUNCATE,   /* ftruncate */
    FAULT_ALLOCATE,   /* fallocate */
    FAULT_KINDS
};

enum fault_class {
    FAULT_WAL,       /* *.log */
    FAULT_SST,       /* *.sst */
    FAULT_MANIFEST,  /* MANIFEST-* */
    FAULT_DIRECTORY, /* directories */
    FAULT_OTHER,     /* CURRENT, OPTIONS-*, IDENTITY, *.dbtmp, LOCK */
    FAULT_CLASSES
};

enum fault_cell_word {
    FAULT_CELL_CALLS,     /* the shim's: how many there were */
    FAULT_CELL_FAILED,    /* the shim's: how many of them it made fail */
    FAULT_CELL_COUNTDOWN, /* 0: none fails; 1: the next one does */
    FAULT_CELL_LENGTH,    /* 0 and 1: that one alone; UINT64_MAX: all from then on */
    FAULT_CELL_ACTION,    /* enum fault_action */
    FAULT_CELL_ERROR,     /* errno of the failure; 0: EIO */
    FAULT_CELL_WORDS = 8
};

enum fault_action {
    FAULT_FAILS, /* nothing is done, and the call fails */
    FAULT_SHORT, /* reads and writes: half is done, and the call says so */
    FAULT_TORN   /* writes: half is done, and the call fails */
};
