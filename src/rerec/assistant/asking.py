"""The request as the model is to read it: what was understood, said the way the model learned it.

A conversation's last words ("something older") mean nothing by themselves, and a small model is at
its best with sentences like those it was trained on. So conditions are put into such a sentence;
what was said in other words stands there as it was said.
"""

from collections.abc import Sequence

from rerec.assistant.exchange import State
from rerec.queries.phrasing import direct_patterns, phrase
from rerec.queries.vocabulary import Vocabulary
from rerec.records import Condition
from rerec.rng import stream


def request_text(state: State, text: str, vocabulary: Vocabulary) -> str:
    """One request that says what a conversation came to.

    What is not wanted, and the years, are left out: no candidate goes against them, and a model
    that learned requests for things reads "not him" as one more thing that is asked for.

    Args:
        state: the conversation, the last request taken in.
        text: the last request; said as it is where nothing of it is a condition.
        vocabulary: what the items are called.
    """
    wanted = [wish.condition for wish in state.wishes if wish.wanted]
    return _sentence(wanted, vocabulary) if wanted else " ".join(state.words) or text


def _sentence(conditions: Sequence[Condition], vocabulary: Vocabulary) -> str:
    """The same conditions give the same sentence, in whatever conversation."""
    ids = [f"{c.relation}={c.value}" for c in conditions]
    pattern = direct_patterns(held_back=False, vocabulary=vocabulary)[0]
    return phrase(conditions, pattern, stream(0, "asking", *ids), vocabulary=vocabulary)
