"""Disks that fail: the log's writes and flushes get an error, when a test says so.

A small library between the daemon and libc fails calls on files of the log. What it does is
written in a file that both sides map, so it can be switched while the daemon runs.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

WRITE, SYNC = 1, 2

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
needs_mount = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root and mount"
)

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

struct control { int operations, error, after, failed; };
static volatile struct control *control;

static int fails(int operation, int file) {
    char link[64], path[4096];
    ssize_t length;
    if (!control) {
        int saved = errno, plan = open(getenv("VX_TEST_FAULTS"), O_RDWR | O_CLOEXEC);
        void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, plan, 0);
        if (map == MAP_FAILED) abort();
        close(plan);
        control = map;
        errno = saved;
    }
    if (!(control->operations & operation)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, "log.db") || strstr(path, "-shm")) return 0;
    if (control->after > 0) { control->after--; return 0; }
    control->failed++;
    errno = control->error;
    return 1;
}

#define NEXT(type, name) static type real; if (!real) real = (type)dlsym(RTLD_NEXT, name)

typedef ssize_t (*writer)(int, const void *, size_t);
typedef ssize_t (*placed)(int, const void *, size_t, off_t);
typedef int (*flusher)(int);

ssize_t write(int f, const void *b, size_t n) {
    NEXT(writer, "write"); return fails(1, f) ? -1 : real(f, b, n);
}
ssize_t pwrite(int f, const void *b, size_t n, off_t o) {
    NEXT(placed, "pwrite"); return fails(1, f) ? -1 : real(f, b, n, o);
}
ssize_t pwrite64(int f, const void *b, size_t n, off_t o) {
    NEXT(placed, "pwrite64"); return fails(1, f) ? -1 : real(f, b, n, o);
}
int fsync(int f) { NEXT(flusher, "fsync"); return fails(2, f) ? -1 : real(f); }
int fdatasync(int f) { NEXT(flusher, "fdatasync"); return fails(2, f) ? -1 : real(f); }
"""


class Faults:
    """The switch; `environment` is for the daemon."""

    def __init__(self, directory: Path) -> None:
        plan, source, library = (directory / name for name in ("plan", "faults.c", "faults.so"))
        plan.write_bytes(bytes(16))
        source.write_text(_SOURCE)
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True
        )
        self.environment = {"LD_PRELOAD": str(library), "VX_TEST_FAULTS": str(plan)}
        with plan.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)

    def fail(self, operations: int, error: int = errno.EIO, after: int = 0) -> None:
        """From now on let such calls fail, but for the next `after` ones."""
        self._map[:] = struct.pack("4i", operations, error, after, 0)

    def heal(self) -> None:
        """Let all calls succeed; what failed stays counted."""
        self._map[:4] = bytes(4)

    @property
    def failed(self) -> int:
        """How many calls failed since the last `fail`."""
        return int(struct.unpack("4i", self._map[:])[3])


@contextmanager
def small_disk(directory: Path, mib: int) -> Iterator[Path]:
    """A file system of its own of a few MiB."""
    directory.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={mib}m"]
    subprocess.run(["mount", *options, "small-disk", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


def fill(directory: Path) -> None:
    """Take all the room there is."""
    with (directory / "filler").open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


def make_larger(directory: Path, mib: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={mib}m", directory], check=True)
