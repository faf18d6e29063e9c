"""Nearness to what was liked before, against its definition."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from rerec.catalogue.items import Catalogue
from rerec.catalogue.tables import INTERACTIONS
from rerec.queries.likes import Likes, likes_of
from rerec.queries.taste import Taste, taste_of
from rerec.records import Item

N_ITEMS = 6
liked = st.lists(st.sets(st.integers(0, N_ITEMS - 1)), min_size=1, max_size=6)


@given(liked=liked, before=st.sets(st.integers(0, N_ITEMS - 1)))
def test_nearness_is_the_mean_cosine_of_who_likes_what(
    liked: list[set[int]], before: set[int]
) -> None:
    rows = tuple(np.array(sorted(own), dtype=np.intp) for own in liked)
    likes = Likes(tuple(f"u{n}" for n in range(len(rows))), rows, N_ITEMS)
    matrix = np.array([[float(item in own) for own in liked] for item in range(N_ITEMS)])
    lengths = np.linalg.norm(matrix, axis=1)
    expected = [
        np.mean(
            [
                matrix[i] @ matrix[j] / (lengths[i] * lengths[j])
                if lengths[i] * lengths[j]
                else 0.0
                for j in before
            ]
        )
        if before
        else 0.0
        for i in range(N_ITEMS)
    ]
    found = Taste(likes, ()).nearness(np.array(sorted(before), dtype=np.intp), np.arange(N_ITEMS))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_what_was_rated_low_and_never_high_is_disliked() -> None:
    catalogue = Catalogue(tuple(Item(f"i{n}", f"T{n}", None, (), 0) for n in range(3)))
    seen = [("a", "i0", 5.0), ("a", "i1", 1.0), ("a", "i0", 2.0), ("b", "i2", 3.0)]
    seen.append(("c", "i2", 4.0))
    table = pa.table(
        {
            "user_id": [u for u, _, _ in seen],
            "item_id": [i for _, i, _ in seen],
            "rating": [r for _, _, r in seen],
            "timestamp": list(range(5)),
        }
    ).cast(INTERACTIONS)
    likes = likes_of(table, catalogue, liked_rating=4.0)
    taste = taste_of(table, catalogue, likes, liked_rating=4.0)
    # b likes nothing, and so has no place among those whose taste is known.
    assert likes.user_ids == ("a", "c")
    assert [rows.tolist() for rows in taste.disliked] == [[1], []]
