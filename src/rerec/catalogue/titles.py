"""Titles as people write them: the year apart, the article moved, spelling evened out.

"Usual Suspects, The (1995)", "The Usual Suspects (1995)" and "the usual suspects" name one film.
Everything here is pure text; which item a title means is decided in `rerec.catalogue.grounding`.
"""

import re
import unicodedata
from functools import lru_cache

_YEAR = re.compile(r"\s*\(\s*((?:18|19|20)\d\d)\s*\)\s*$")
_ARTICLES = (
    "The|An|A|Le|La|Les|Il|Lo|Gli|I|El|Los|Las|Der|Die|Das|Den|Det|De|Ein|Eine|Een|Het"
    "|Un|Une|Una|Uno|O|Os|As|L['\u2019]"
)
_ARTICLE_BEHIND = re.compile(rf"^(.+),\s+({_ARTICLES})$", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*\(([^()]*)\)")
_KNOWN_AS = re.compile(r"^(?:a\.?k\.?a\.?|also known as)\s+", re.IGNORECASE)
# Letters that decomposition leaves whole, and signs that are read as words.
_SPELLED = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "&": " and "}
)
_APOSTROPHES = re.compile("['`\u00b4\u2018\u2019\u02bc]")
_NOT_WORD = re.compile(r"[\W_]+")


def split_year(text: str) -> tuple[str, int | None]:
    """A title and the year in brackets at its end; None where there is none.

    >>> split_year("Heat (1995)"), split_year("2001: A Space Odyssey")
    (('Heat', 1995), ('2001: A Space Odyssey', None))
    """
    found = _YEAR.search(text)
    if found is None or not text[: found.start()].strip():
        return text.strip(), None
    return text[: found.start()].strip(), int(found.group(1))


def article_first(title: str) -> str:
    """The title with an article that stands behind a comma moved to the front.

    >>> article_first("Usual Suspects, The"), article_first("Uomo delle stelle, L'")
    ('The Usual Suspects', "L'Uomo delle stelle")
    """
    found = _ARTICLE_BEHIND.match(title.strip())
    if found is None:
        return title.strip()
    name, article = found.groups()
    return f"{article}{name}" if article[-1] in "'\u2019" else f"{article} {name}"


@lru_cache(maxsize=65536)
def normalise(title: str) -> str:
    """The form in which two spellings of one title are equal.

    Case, accents, punctuation and spacing are evened out, "&" is read as "and", and an article
    behind a comma is moved to the front. Nothing is left out: a shortened title is another title.

    >>> normalise("Usual Suspects, The") == normalise("The usual suspects!")
    True
    >>> normalise("Sense & Sensibility"), normalise("Cérémonie, La"), normalise("Ulee's Gold")
    ('sense and sensibility', 'la ceremonie', 'ulees gold')
    """
    # Apostrophes first: decomposition would make a space of some of them.
    joined = _APOSTROPHES.sub("", article_first(title))
    folded = _without_accents(joined).casefold().translate(_SPELLED)
    words = _NOT_WORD.sub(" ", folded).strip()
    return words or " ".join(title.casefold().split())


def aliases_of(title: str) -> tuple[str, ...]:
    """Every name that a title gives, without its year: as it stands, plain, and those in brackets.

    >>> aliases_of("Hate (Haine, La)")
    ('Hate (Haine, La)', 'Hate', 'La Haine')
    >>> aliases_of("Usual Suspects, The (1995)")
    ('Usual Suspects, The', 'The Usual Suspects')
    """
    whole, _ = split_year(title)
    plain = _BRACKETS.sub("", whole).strip()
    others = (_KNOWN_AS.sub("", name.strip()) for name in _BRACKETS.findall(whole))
    names = (whole, article_first(plain), *(article_first(name) for name in others))
    return tuple(dict.fromkeys(name for name in names if name))


def plain_title(title: str) -> str:
    """The title to show: no year, no other names in brackets, the article in front.

    >>> plain_title("Horseman on the Roof, The (Hussard sur le toit, Le) (1995)")
    'The Horseman on the Roof'
    """
    whole, _ = split_year(title)
    return article_first(_BRACKETS.sub("", whole)) or whole


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    apart = "".join(_fraction_apart(character) for character in text)
    decomposed = unicodedata.normalize("NFKD", apart)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _fraction_apart(character: str) -> str:
    """A fraction sign is a number of its own: "33⅓" is "33 1/3", not "331/3"."""
    return f" {character}" if "<fraction>" in unicodedata.decomposition(character) else character
