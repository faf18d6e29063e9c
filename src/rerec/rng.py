"""Randomness as named streams that are passed in; there is no global seed."""

from hashlib import sha256

import numpy as np


def seed_of(seed: int, *use: str | int) -> int:
    """A 63-bit seed of its own for each use, the same on every machine.

    >>> seed_of(7, "candidates", "q1") == seed_of(7, "candidates", "q1")
    True
    >>> seed_of(7, "candidates", "q1") == seed_of(7, "candidates", "q2")
    False
    """
    name = "/".join(str(part) for part in (seed, *use))
    return int.from_bytes(sha256(name.encode()).digest()[:8]) >> 1


def stream(seed: int, *use: str | int) -> np.random.Generator:
    """A random stream of its own for each use: a new use never shifts the draws of another.

    >>> def draw(user): return stream(7, "candidates", user).random()
    >>> draw("u42") == draw("u42")
    True
    >>> draw("u42") == draw("u43")
    False
    """
    return np.random.default_rng(seed_of(seed, *use))
