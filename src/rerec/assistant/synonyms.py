"""Other words for values, by relation: "scary" for Horror, "USA" for the United States.

General and small. A group is words for one thing; those of them that are values of the catalogue
are meant by all the others, so that nothing is ever asked that the catalogue does not have.
"""

from collections.abc import Iterable

Group = tuple[str, ...]

GENRES: tuple[Group, ...] = (
    ("Sci-Fi", "Science Fiction", "Sci Fi", "Scifi", "SF", "Futuristic", "Science-Fiction"),
    ("Horror", "Scary", "Frightening", "Creepy", "Spooky", "Terrifying", "Scary movie"),
    ("Comedy", "Funny", "Hilarious", "Comedic", "Humorous", "Humour", "Humor", "Laugh", "Laughs"),
    (
        "Romance",
        "Romantic",
        "Love story",
        "Love stories",
        "Romances",
        "Rom-com",
        "Romcom",
        "Romcoms",
    ),
    ("Animation", "Animated", "Cartoon", "Cartoons", "Anime"),
    ("Children's", "Children", "Kids", "Kids'", "For kids", "For children", "Kid-friendly"),
    ("Family", "Family-friendly", "For the family", "For the whole family"),
    ("Documentary", "Documentaries", "Docs"),
    ("Thriller", "Suspense", "Suspenseful", "Thrilling", "Gripping", "Tense"),
    ("Mystery", "Mysteries", "Whodunit", "Whodunnit", "Detective story", "Mysterious"),
    ("Film-Noir", "Noir", "Film Noir"),
    ("Crime", "Gangster", "Gangsters", "Mafia", "Heist"),
    ("Biography", "Biopic", "Biopics", "Biographical", "Biographies"),
    ("History", "Historical", "Period piece"),
    ("Sport", "Sports", "Sporty"),
    ("Action", "Action-packed", "Actioner"),
    ("Fantasy", "Fantastical", "Fairy tale", "Fairy tales"),
    ("Western", "Cowboy", "Cowboys"),
    ("Musical", "Musicals", "Sing-along"),
    ("War", "Wartime"),
    ("Drama", "Dramatic", "Dramas"),
    ("Adventure", "Adventurous", "Adventures"),
    ("Fiction", "Novel", "Novels"),
    ("Non-Fiction", "Nonfiction"),
    ("Poetry", "Poems", "Poem"),
    ("Cookery", "Cooking", "Cookbook", "Cookbooks", "Recipes"),
)
COUNTRIES: tuple[Group, ...] = (
    (
        "United States", "United States of America", "USA", "US", "U.S.", "U.S.A.", "America",
        "American", "Hollywood",
    ),
    ("United Kingdom", "UK", "U.K.", "Great Britain", "Britain", "British", "England"),
    ("China", "People's Republic of China", "Chinese"),
    ("Netherlands", "Holland", "Dutch"),
    ("Soviet Union", "USSR", "Soviet"),
    ("Czech Republic", "Czechia", "Czech"),
    ("South Korea", "Korea", "Korean"),
    ("France", "French"), ("Italy", "Italian"), ("Germany", "German"), ("Spain", "Spanish"),
    ("Japan", "Japanese"), ("Canada", "Canadian"), ("Australia", "Australian"),
    ("Ireland", "Irish"), ("India", "Indian", "Bollywood"), ("Mexico", "Mexican"),
    ("Russia", "Russian"), ("Sweden", "Swedish"), ("Denmark", "Danish"), ("Norway", "Norwegian"),
    ("Poland", "Polish"), ("Hungary", "Hungarian"), ("Austria", "Austrian"), ("Belgium", "Belgian"),
    ("Switzerland", "Swiss"), ("New Zealand", "Kiwi"), ("Brazil", "Brazilian"), ("Iran", "Iranian"),
    ("Taiwan", "Taiwanese"), ("Argentina", "Argentinian", "Argentine"), ("Turkey", "Turkish"),
    ("Greece", "Greek"), ("Finland", "Finnish"), ("Iceland", "Icelandic"),
    ("Vietnam", "Vietnamese"),
    ("Portugal", "Portuguese"), ("Israel", "Israeli"), ("Cuba", "Cuban"), ("Senegal", "Senegalese"),
)  # fmt: skip
LANGUAGES: tuple[Group, ...] = (
    ("Mandarin", "Mandarin Chinese"),
    ("Cantonese", "Yue Chinese"),
    ("Persian", "Farsi"),
    ("Dutch", "Flemish"),
)
_TABLES = {
    **dict.fromkeys(("genre", "genres", "category", "categories", "subject", "shelf"), GENRES),
    **dict.fromkeys(("country", "countries", "origin", "place"), COUNTRIES),
    **dict.fromkeys(("language", "languages"), LANGUAGES),
}
DECADES = {
    "20": "twenties", "30": "thirties", "40": "forties", "50": "fifties",
    "60": "sixties", "70": "seventies", "80": "eighties", "90": "nineties",
}  # fmt: skip


def synonyms_of(relation: str, values: Iterable[str]) -> dict[str, list[str]]:
    """What else each value of a relation is called; words that are values themselves are left out.

    >>> synonyms_of("genre", ["Sci-Fi", "Horror"])["Sci-Fi"][:2]
    ['Science Fiction', 'Sci Fi']
    >>> synonyms_of("decade", ["1990s"]), synonyms_of("colour", ["Red"])
    ({'1990s': ["1990's", '90s', "90's", 'nineties']}, {})
    """
    known = {value.casefold(): value for value in values}
    found: dict[str, list[str]] = {}
    for group in _TABLES.get(relation.casefold(), ()):
        meant = next((known[word.casefold()] for word in group if word.casefold() in known), None)
        if meant is not None:
            found[meant] = [word for word in group if word.casefold() not in known]
    if relation.casefold() == "decade":
        found |= {value: _short_decades(value) for value in known.values() if _is_decade(value)}
    return found


def _is_decade(value: str) -> bool:
    return len(value) == 5 and value.endswith("0s") and value[:3].isdigit()


def _short_decades(value: str) -> list[str]:
    """Other ways to write a decade; those of the twentieth century need not name it."""
    short = value[2:4]
    ways = [f"{value[:4]}'s"]
    if value.startswith("19") and short in DECADES:
        ways += [f"{short}s", f"{short}'s", DECADES[short]]
    return ways
