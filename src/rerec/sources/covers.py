"""What the title of a book, as a bookseller writes it, says beside the title.

"JURASSIC PARK : A Novel (Ballantine Fiction (Paperback))" is a title, a kind, a line and a format.
Everything here is pure text. Source: ours.
"""

import re

from rerec.catalogue.titles import normalise

_BRACKETS = re.compile(r"\s*\(((?:[^()]|\([^()]*\))*)\)")
_INNER = re.compile(r"\s*\([^()]*\)")
_KIND_WORDS = r"novel|novella|memoir|mystery|thriller|romance|love story|true story|autobiography"
_KIND_SUBTITLE = re.compile(rf"\s*:\s*(?:an?|the)\s[^:]*?\b(?:{_KIND_WORDS})\b.*$", re.IGNORECASE)
_SERIES_SUBTITLE = re.compile(
    r":\s*[Aa]n?\s+((?:[A-Z][\w.'/&-]*\s+)+)(?:[Nn]ovel|[Mm]ystery|[Tt]hriller)\s*(?:$|\()"
)
_COLON = re.compile(r"\s*:\s+")
_ARTICLE = re.compile(r"^(?:the|an|a)\s+(?=\S)", re.IGNORECASE)
_KINDS = (
    ("graphic novel", r"graphic novel"),
    ("novel", r"(?<!graphic )novels?"),
    ("novella", r"novellas?"),
    ("mystery", r"mystery|mysteries"),
    ("thriller", r"thrillers?|suspense"),
    ("true crime", r"true crime"),
    ("crime", r"(?<!true )crime"),
    ("romance", r"romances?|love story"),
    ("science fiction", r"science fiction"),
    ("fantasy", r"fantasy"),
    ("horror", r"horror"),
    ("memoir", r"memoirs?|autobiography"),
    ("biography", r"biography|biographies"),
    ("true story", r"true story"),
    ("stories", r"stories"),
    ("poems", r"poems?|poetry"),
    ("essays", r"essays"),
    ("classic", r"classics?"),
)
_KIND_PATTERNS = tuple((kind, re.compile(rf"\b(?:{p})\b", re.IGNORECASE)) for kind, p in _KINDS)
_OTHER_TITLE = re.compile(r"\s*(?:[:;]\s*or\b|,\s*or,?\s+(?:the|there|what)\b).*$", re.IGNORECASE)
_VOLUME = re.compile(
    r"[\s,:-]*(?:\b(?:book|bk|part|volume|vol|v|no|number|episode)\b\.?\s*)?"
    r"(?:#?\s*\d+|\b[ivx]+\b|\b(?:one|two|three|four|five|six|seven)\b|\bbk\b)?\W*$",
    re.IGNORECASE,
)
_SERIES_END = re.compile(
    r"\s+(?:novels?|mystery|mysteries|series|saga|books?|thrillers?|s)\.?$", re.IGNORECASE
)
# "Grafton, Sue. Kinsey Millhone Mysteries"
_SERIES_AUTHOR = re.compile(r"^[A-Z][\w'-]+, [A-Z][\w .]*?(?:\. ?,|[.,]) (?:the )?(?=[A-Z])")
_NO_SERIES = re.compile(
    r"\b(?:edition|paperback|hardcover|audio|(?:un)?abridged|large print|backlist|display|awards?"
    r"|binding|cassettes?|cd|set|import|export|uk|reference|in speak|poetry and drama|isbn|mti"
    r"|movie|version|color|rack|rpkg|charm|buys|level|stage|medal|lernmaterialien)\b"
    r"|^classics?(?: s\.?| library)?$",
    re.IGNORECASE,
)
_FIRM_WORDS = frozenset(
    ("and", "book", "books", "co", "company", "corp", "group", "inc", "ltd", "mass", "mm", "paper",
     "pub", "publisher", "publishers", "publishing", "trade", "uk", "usa")
)  # fmt: skip
_SHORT_WORDS = {"pr": "press", "amer": "american"}


def bare_title(title: str) -> str:
    """A title without brackets, and without a second title or one that only tells the kind of book.

    >>> bare_title("Hot Six : A Stephanie Plum Novel (A Stephanie Plum Novel)")
    'Hot Six'
    >>> bare_title("The Hobbit: or, There and Back"), bare_title("Flu: The Story (Touchstone)")
    ('The Hobbit', 'Flu: The Story')
    """
    plain = _BRACKETS.sub("", title)
    plain = _COLON.sub(": ", plain.partition(" (")[0])  # the last bracket may have no end
    plain = _OTHER_TITLE.sub("", _KIND_SUBTITLE.sub("", plain))
    return plain.strip(" :;,-") or title


def kinds_of(title: str) -> tuple[str, ...]:
    """The kinds that a cover names, in brackets or in the subtitle; the title proper is not read.

    >>> kinds_of("Mystery Train: A Memoir (Penguin Classics)"), kinds_of("A Novel Idea")
    (('memoir', 'classic'), ())
    """
    said = " ; ".join((*_BRACKETS.findall(title), *_COLON.split(title)[1:]))
    return tuple(kind for kind, pattern in _KIND_PATTERNS if pattern.search(said))


def series_of(title: str) -> tuple[str, ...]:
    """The series, lines and clubs that a cover names, without volume and format.

    >>> series_of("Prey : A Novel (Left Behind No. 2)"), series_of("It (2nd Edition)")
    (('Left Behind',), ())
    >>> series_of("Cat: A Kay Scarpetta Mystery (Kay Scarpetta Mysteries (Paperback))")
    ('Kay Scarpetta',)
    """
    named = [_INNER.sub("", text) for text in _BRACKETS.findall(title)]
    named += [text.strip() for text in _SERIES_SUBTITLE.findall(title)]
    cleaned = (_series_name(text) for text in named if not _NO_SERIES.search(text))
    return tuple(dict.fromkeys(name for name in cleaned if name))


def publisher_key(publisher: str) -> str:
    """The form in which two spellings of one publisher are equal.

    >>> publisher_key("Putnam Pub Group") == publisher_key("Putnam Publishing Group")
    True
    >>> publisher_key("Little Brown & Co"), publisher_key("St Martins Pr")
    ('little brown', 'st martins press')
    """
    words = [_SHORT_WORDS.get(word, word) for word in normalise(publisher).split()]
    while len(words) > 1 and words[-1] in _FIRM_WORDS:
        words.pop()
    return " ".join(word for word in words if word != "and")


def publisher_name(publisher: str) -> str:
    """A publisher as people call it, without what says that it is a firm.

    >>> publisher_name("Dell Publishing Company"), publisher_name("Penguin Putnam~mass")
    ('Dell', 'Penguin Putnam')
    """
    words = publisher.replace("~", " ").split()
    while len(words) > 1 and (normalise(words[-1]) in _FIRM_WORDS or not normalise(words[-1])):
        words.pop()
    return " ".join(words).strip(" ,&-")


def title_key(title: str) -> str:
    """The form in which two spellings of one bare title are equal, whatever the article in front.

    >>> title_key("The Picture of Dorian Gray"), title_key("Hobbit, The")
    ('picture of dorian gray', 'hobbit')
    """
    return _ARTICLE.sub("", normalise(title))


def has_article(title: str) -> bool:
    """Whether an article stands in front."""
    return _ARTICLE.match(title) is not None


def is_short(name: str) -> bool:
    """Whether a name has a word cut short ("New Amer Library", "St Martins Pr")."""
    return any(word in _SHORT_WORDS for word in normalise(name).split())


def _series_name(text: str) -> str:
    name = _VOLUME.sub("", _SERIES_AUTHOR.sub("", text.replace('"', "").strip()))
    name = _SERIES_END.sub("", _ARTICLE.sub("", name)).strip(' :;,.-#"')
    return name if re.match(r"[^a-z]*[A-Z][^\W\d_]", name) else ""
