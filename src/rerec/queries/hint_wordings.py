"""How a condition is said through another item: "the director of Heat", "the same country as Heat".

`{t}` is the item's name, `{w}` the value that a misinformed request tells, `{r}` the relation's
name. A person (or a maker) is named by a role, which then stands where the name would; of anything
else it is said that it is the same as that item's.
"""

from numpy.random import Generator

from rerec.queries.wordings import Wordings
from rerec.records import Condition

ROLES = {
    "director": ("the director of {t}", "whoever directed {t}", "the person who directed {t}"),
    "writer": ("the writer of {t}", "whoever wrote {t}", "the person behind the script of {t}"),
    "starring": ("the star of {t}", "whoever plays in {t}", "the actor we see in {t}"),
    "author": ("the author of {t}", "whoever wrote {t}", "the person who wrote {t}"),
    "maker": ("the maker of {t}", "whoever made {t}", "the people behind {t}"),
}
"""Relations whose values are people or makers, and what they are to an item; in training too."""
ROLES_HELD_BACK = {
    "director": ("the one who made {t}", "the mind behind {t}"),
    "writer": ("the one who scripted {t}", "the pen behind {t}"),
    "starring": ("the lead of {t}", "the face of {t}"),
    "author": ("the pen behind {t}", "the one who gave us {t}"),
    "maker": ("the ones who gave us {t}", "the name behind {t}"),
}
"""What only patterns say that are kept from training."""
SAME = {
    "genre": Wordings(
        ("in the same genre as {t}", "of the same genre as {t}"),
        ("that shares its genre with {t}",),
        ("is in the same genre as {t}", "shares its genre with {t}"),
    ),
    "country": Wordings(
        ("from the same country as {t}", "made in the same country as {t}"),
        ("that was made where {t} was made",),
        ("was made in the same country as {t}", "comes from where {t} comes from"),
    ),
    "language": Wordings(
        ("in the same language as {t}",),
        ("where people speak as they do in {t}",),
        ("is in the same language as {t}",),
    ),
    "decade": Wordings(
        ("from the same decade as {t}", "of the decade of {t}"),
        ("that came out in the decade of {t}",),
        ("came out in the same decade as {t}", "is from the decade of {t}"),
    ),
}
"""Relations of which it is said that they are the same; in training too."""
TOLD = (
    "{said} ({w})",
    "{said} (that is {w})",
    "{said} (so {w})",
    "{said} ({w}, I believe)",
    "{said} (it must be {w})",
)
"""How a wrong value is told along with a hint; in training too."""
TOLD_HELD_BACK = (
    "{said} (namely {w})",
    "{said} ({w}, if I remember right)",
    "{said} (it was {w})",
)


def role_of(hop: Condition, title: str, rng: Generator, *, held_back: bool) -> str | None:
    """What the value of a hop is to the item, or None where its relation names no role.

    >>> from rerec.rng import stream
    >>> role_of(Condition("director", "Ann Lee"), "Heat", stream(4), held_back=False)
    'the director of Heat'
    """
    roles = (ROLES_HELD_BACK if held_back else ROLES).get(hop.relation)
    if not roles:
        return None
    return roles[int(rng.integers(len(roles)))].replace("{t}", title)


def same_as(hop: Condition, title: str, *, held_back: bool) -> Wordings:
    """The ways to say that something has the same value as an item."""
    known = None if held_back else SAME.get(hop.relation)
    ways = known or _same_by_name(hop.relation.replace("_", " ").lower(), held_back=held_back)
    return Wordings(
        *(
            tuple(way.replace("{t}", title) for way in kind)
            for kind in (ways.phrases, ways.clauses, ways.predicates)
        )
    )


def told(said: str, value: str, rng: Generator, *, held_back: bool) -> str:
    """A hint with the wrong value that is told along with it."""
    ways = TOLD_HELD_BACK if held_back else TOLD
    way = ways[int(rng.integers(len(ways)))]
    return way.replace("{w}", value).replace("{said}", said)


def _same_by_name(name: str, *, held_back: bool) -> Wordings:
    if held_back:
        return Wordings(
            (f"that matches {{t}} in its {name}",),
            (f"whose {name} is what {{t}} has too",),
            (f"matches {{t}} in its {name}", f"goes with {{t}} as to its {name}"),
        )
    return Wordings(
        (f"with the same {name} as {{t}}",),
        (f"whose {name} is that of {{t}}",),
        (f"has the same {name} as {{t}}",),
    )
