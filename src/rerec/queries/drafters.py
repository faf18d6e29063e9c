"""Which drafters make the queries of which category."""

from collections.abc import Sequence
from typing import Protocol

from rerec.catalogue.domain import Domain
from rerec.graph.attributes import AttributeGraph
from rerec.queries.askable import Askable
from rerec.queries.by_conditions import Drafter
from rerec.queries.candidates import negatives_of
from rerec.queries.demographics import GroupDrafter
from rerec.queries.drafts import Draft
from rerec.queries.hints import hinter_of
from rerec.queries.in_a_row import InARow, Named
from rerec.queries.interest import InterestDrafter
from rerec.queries.likes import Likes
from rerec.queries.taste import taste_of
from rerec.settings import PERSONAL, QuerySettings


class DraftsQueries(Protocol):
    """Makes the drafts of one category."""

    def drafts(self, split: str, users: Sequence[int]) -> list[Draft]:
        """Up to the split's number of drafts of its users."""
        ...


def drafters_of(
    domain: Domain,
    graph: AttributeGraph,
    likes: Likes,
    asked: Askable,
    settings: QuerySettings,
    *,
    seed: int,
) -> list[DraftsQueries]:
    """One drafter for each category of the settings, in their order."""
    negatives = negatives_of(asked, domain.catalogue, match=settings.match_popularity)
    hinter = hinter_of(graph, asked, domain.catalogue, negatives)
    in_a_row = InARow(likes, settings.interest_span)
    liked = settings.liked_rating
    taste = taste_of(domain.interactions, domain.catalogue, likes, liked_rating=liked)
    taken: dict[Named, str] = {}
    drafters: list[DraftsQueries] = []
    for category in settings.categories:
        base = category.removesuffix(PERSONAL)
        own = taste if category.endswith(PERSONAL) else None
        common = {"settings": settings, "seed": seed, "category": category, "taste": own}
        if base == "interest":
            drafters.append(
                InterestDrafter(likes, in_a_row, asked, negatives, taken=taken, **common)
            )
        elif base == "demographics":
            drafters.append(GroupDrafter(likes, domain.users, negatives, **common))
        else:
            hints = None if base == "explicit" else hinter
            drafters.append(Drafter(likes, asked, negatives, hinter=hints, **common))
    return drafters
