"""Full-text search over the items: titles, other names and values of attributes, scored by BM25.

The words of an item are counted by a sparse product (items by values, values by words), so that no
list of words stands in memory for each item, as bm25s would have it; scoring is bm25s's own.
"""

import re
from array import array
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from bm25s import BM25
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rerec.assistant.parts import UNSPACED
from rerec.catalogue.items import Catalogue
from rerec.catalogue.titles import normalise
from rerec.graph.attributes import AttributeGraph

_POSSESSIVE = re.compile(r"['\u2019]s\b", re.IGNORECASE)
_WORD = re.compile(rf"[{UNSPACED}]|[^{UNSPACED}\s]+")
COMMON = 0.5
"""A word that a greater share of the items has tells none from another, and is not searched for."""


class FullText:
    """The words of every item of a catalogue, ready to be searched."""

    def __init__(self, catalogue: Catalogue, graph: AttributeGraph) -> None:
        """Count the words of every item.

        Args:
            catalogue: whose titles and other names are searched.
            graph: whose values are searched; of the same catalogue.
        """
        vocabulary: dict[str, int] = {}
        values = _counted((words_of([pair.value]) for pair in graph.pairs), vocabulary)
        known_as = ((item.title, *item.aliases) for item in catalogue.items)
        names = _counted(map(words_of, known_as), vocabulary)
        for matrix in (values, names):
            matrix.resize(matrix.shape[0], len(vocabulary))
        counts = (graph.matrix @ values + names).tocsr()
        corpus: Any = _Counted(counts, vocabulary)  # a matrix where bm25s has lists of lists
        self._index = _SparseBM25()
        self._index.index(corpus, create_empty_token=False)

    def scores(self, texts: Iterable[str], *, without: Container[str] = ()) -> NDArray[np.float32]:
        """BM25 of every item for the words of some texts; a word counts once.

        Args:
            texts: what is looked for.
            without: words that are not.

        Returns:
            (n_items,) scores, at least 0; 0 where no word is found.
        """
        found = self._index.get_tokens_ids([w for w in words_of(texts) if w not in without])
        return self._index.get_scores_from_ids(found)


def words_of(texts: Iterable[str]) -> list[str]:
    """The distinct words of some texts, evened out as titles are, in reading order.

    In scripts that put no spaces between words each character is one.

    >>> words_of(["Usual Suspects, The", "The Suspects' Suspect", "Schindler's List"])
    ['the', 'usual', 'suspects', 'suspect', 'schindler', 'list']
    """
    plain = (normalise(_POSSESSIVE.sub("", text)) for text in texts)
    cut = (text.split() if text.isascii() else _WORD.findall(text) for text in plain)
    return list(dict.fromkeys(word for words in cut for word in words))


@dataclass(frozen=True)
class _Counted:
    """What bm25s takes for a corpus of numbered words."""

    ids: csr_matrix
    """(n_items, n_words) how often each item has each word."""
    vocab: dict[str, int]


class _SparseBM25(BM25):
    """bm25s's index, built from counts; its documentation names this method for that purpose."""

    def build_index_from_ids(
        self,
        unique_token_ids: list[int],
        corpus_token_ids: Any,
        show_progress: bool = False,
        leave_progress: bool = False,
    ) -> dict[str, Any]:
        r"""Weights of Lucene's BM25 for every item and word, by columns.

        $$w_{iw} = \ln\Bigl(1 + \frac{N - n_w + 0.5}{n_w + 0.5}\Bigr)
                   \frac{f_{iw}}{f_{iw} + k_1 (1 - b + b\, l_i / \bar l)}$$

        Source: Kamphuis et al. 2020, as bm25s has it; differs in that common words are left out.
        """
        del show_progress, leave_progress  # bm25s's own
        counts: csr_matrix = corpus_token_ids
        n_items, n_words = counts.shape[0], len(unique_token_ids)
        lengths = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
        spread = 1 - self.b + self.b * lengths / max(lengths.mean(), 1e-9)
        n_with = np.bincount(counts.indices, minlength=n_words)
        rarity = np.log(1 + (n_items - n_with + 0.5) / (n_with + 0.5)).astype(np.float32)
        rarity[n_with > COMMON * n_items] = 0.0
        weights = counts.astype(np.float32)
        norms = np.repeat(self.k1 * spread, np.diff(counts.indptr)).astype(np.float32)
        weights.data = rarity[counts.indices] * weights.data / (weights.data + norms)
        weights.eliminate_zeros()
        columns = weights.tocsc()
        self.nonoccurrence_array = None
        return {
            "data": columns.data,
            "indices": columns.indices,
            "indptr": columns.indptr,
            "num_docs": n_items,
        }


def _counted(texts: Iterator[list[str]], vocabulary: dict[str, int]) -> csr_matrix:
    """(n_texts, words so far) 1 where a text has a word; new words join the vocabulary."""
    columns, starts = array("i"), array("q", [0])
    for words in texts:
        columns.extend(vocabulary.setdefault(word, len(vocabulary)) for word in words)
        starts.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    shape = (len(starts) - 1, max(len(vocabulary), 1))
    return csr_matrix((ones, np.asarray(columns), np.asarray(starts)), shape=shape)
