"""How varied a set of texts is, by counting words: figures to compare generators with."""

import re
from collections.abc import Iterable

_WORD = re.compile(r"[\w'-]+")


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, without punctuation.

    >>> words_of("A 1970s sci-fi film, please!")
    ['a', '1970s', 'sci-fi', 'film', 'please']
    """
    return _WORD.findall(text.lower())


def distinct_n(texts: Iterable[str], n: int) -> float:
    """Share of the runs of n words that are distinct, in [0, 1]; 0 where no text is that long.

    Source: Li et al. 2016, arXiv 1510.03055 (distinct-n). Runs do not cross texts.

    >>> distinct_n(["a b a b"], 2)   # "a b", "b a", "a b"
    0.6666666666666666
    """
    words = [words_of(text) for text in texts]
    runs = [tuple(w[i : i + n]) for w in words for i in range(len(w) - n + 1)]
    return len(set(runs)) / len(runs) if runs else 0.0


def type_token_ratio(texts: Iterable[str]) -> float:
    """Distinct words over all words, in [0, 1]; falls as the texts get longer.

    >>> type_token_ratio(["a film", "a b"])
    0.75
    """
    words = [word for text in texts for word in words_of(text)]
    return len(set(words)) / len(words) if words else 0.0
