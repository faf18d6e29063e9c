"""What a request says of the requests before it: start over, leave something out, put it instead.

Adding needs no words: what is asked anew comes to what was asked before.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rerec.assistant.parts import Line, pattern

YEARS = "years"
"""Stands among the relations for the limits of years."""
NOUNS: Mapping[str, tuple[str, ...]] = {
    "genre": ("genre", "genres", "kind", "type"),
    "director": ("director", "directors"),
    "writer": ("writer", "writers", "screenwriter", "script"),
    "starring": ("actor", "actors", "actress", "star", "stars", "cast"),
    "country": ("country", "countries", "origin"),
    "language": ("language", "languages"),
    "decade": ("decade", "decades", "era", "year", "years", "age", "date", "period", "time"),
    "author": ("author", "authors", "writer"),
    "maker": ("maker", "makers", "brand"),
}
"""What relations are called beside their own names."""
_OF_YEARS = ("year", "years", "decade", "decades", "era", "age", "date", "period", "time")
_AGAIN = pattern(
    "start (?:all )?over(?: again)?|start (?:again|afresh|anew)|begin again",
    "|(?:start )?from scratch",
    "|reset(?: everything| it)?|forget (?:it|that|this)(?= [.,] | $)|clear (?:everything|all|it)",
    "|forget (?:about )?(?:everything|it all|all (?:of )?(?:that|this|it))",
    "|new (?:search|request|conversation|start)|scrap (?:that|everything|all that)",
    "|never ?mind (?:everything|all (?:of )?that)|something (?:completely|entirely) different",
)
_INSTEAD = pattern(
    "make (?:it|that|them)|instead(?! of)|actually|rather(?! than)|switch to|on second thoughts?",
    r"|changed? (?:it|that|the \w+|my mind)(?: to)?|id prefer|i prefer|i would prefer",
)
_BESIDES = re.compile(
    "(?<= )(?:also|as well|too|in addition|additionally|on top|and with|even)(?= )|^ or(?= )"
)
_VERB = (
    "(?:never ?mind|nevermind|forget(?: about)?|drop|ignore|scrap|remove|skip|lose|disregard|lift"
    "|regardless of|no matter|(?:i )?(?:dont|do not) care (?:about|for)?|any|whatever|which ?ever)"
)
_BETWEEN = "(?:(?:the|that|this|about|which|what|of|who|your|my|restriction|limit|condition|on) )*"
_NO_MATTER = (
    "(?:(?:does not|doesnt|do not|dont|is not|isnt|no longer|not) (?:really )?"
    "(?:matter|matters|important|count|relevant|interest me)"
    "|is irrelevant|is unimportant|can be any(?:thing)?|(?:can|could) be whatever)"
)


@dataclass(frozen=True, slots=True)
class Change:
    """How a request goes with those before it."""

    is_anew: bool
    """Whether all that was asked is to be forgotten."""
    is_besides: bool
    """Whether what it asks comes to what was asked, even where an item has one value only."""
    is_instead: bool
    """Whether what it asks takes the place of what was asked of the same relations."""
    relations: tuple[str, ...]
    """Relations of which nothing is asked any longer; `YEARS` for the limits of years."""
    places: frozenset[int]
    """Places of the words that say it."""


class Changes:
    """Finds what a request changes."""

    def __init__(self, relations: Iterable[str]) -> None:
        """Gather the names of some relations.

        >>> from rerec.assistant.parts import cut
        >>> changes = Changes(["genre", "decade"])
        >>> changes.told(Line(tuple(cut("Never mind the decade, make it short")))).relations
        ('decade', 'years')
        """
        self._by_noun: dict[str, list[str]] = {}
        for relation in relations:
            name = relation.replace("_", " ").lower()
            for noun in dict.fromkeys((name, *NOUNS.get(relation, ()))):
                self._by_noun.setdefault(noun, []).append(relation)
        for noun in _OF_YEARS:
            self._by_noun.setdefault(noun, []).append(YEARS)
        nouns = "|".join(sorted(map(re.escape, self._by_noun), key=lambda noun: (-len(noun), noun)))
        self.nouns = tuple(self._by_noun)
        self._named = (
            pattern(rf"{_VERB} {_BETWEEN}(?P<noun>{nouns})(?! (?:by|of|but|except|V|T) )"),
            pattern(rf"(?P<noun>{nouns}) {_NO_MATTER}"),
        )

    def told(self, line: Line) -> Change:
        """What a line changes."""
        named = [found for named in self._named for found in named.finditer(line.text)]
        relations = (r for found in named for r in self._by_noun[found["noun"]])
        again = list(_AGAIN.finditer(line.text))
        instead = list(_INSTEAD.finditer(line.text))
        besides = list(_BESIDES.finditer(line.text))
        matches = [*named, *again, *instead, *besides]
        places = frozenset(place for found in matches for place in line.span(found))
        return Change(
            is_anew=bool(again),
            is_besides=bool(besides),
            is_instead=bool(instead) and not besides,
            relations=tuple(dict.fromkeys(relations)),
            places=places,
        )
