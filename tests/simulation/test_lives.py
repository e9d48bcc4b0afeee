"""Whole lives of clusters, from seeds: no invariant breaks, and all come together in the end."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256

import pytest

from tests.simulation.run import run

FEW, MANY = range(120), range(1000, 3000)


@pytest.mark.parametrize("first", FEW[::20])
def test_no_life_breaks_an_invariant(first: int) -> None:
    broken = {seed: found for seed in range(first, first + 20) if (found := run(seed).violation)}
    assert broken == {}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_life_of_many_breaks_an_invariant() -> None:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(MANY, pool.map(violation, MANY, chunksize=20), strict=True))
    assert {seed: text for seed, text in found.items() if text} == {}


def violation(seed: int) -> str:
    return run(seed).violation


def test_a_seed_gives_the_same_life_whatever_the_hashes_of_strings_are() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", TELL],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1] == f"{story(5)}\n"


def story(seed: int) -> str:
    return sha256("\n".join(run(seed).story).encode()).hexdigest()


TELL = "from tests.simulation.test_lives import story; print(story(5))"
