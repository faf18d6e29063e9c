"""A conversation on a terminal: requests and commands in, cards and streamed reasoning out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rerec.assistant.assistant import Assistant
from rerec.assistant.exchange import Opinion, Recommendation, Reply, State, Thought
from rerec.assistant.memory import Conversations
from rerec.assistant.understanding import with_opinion
from rerec.errors import ModelError
from rerec.records import Condition

_OPINIONS: dict[str, Opinion] = {"/like": "like", "/dislike": "dislike", "/seen": "seen"}
_HELP = "Commands: /like N, /dislike N, /seen N, /why N, /state, /reset, /quit."


@dataclass
class Talk:
    """One conversation."""

    assistant: Assistant
    conversations: Conversations
    name: str
    """The conversation's id."""
    state: State
    k: int
    say: Callable[..., object]
    """Prints a line; with `nl=False` a piece of one."""
    last: Reply | None = None

    def run(self, lines: Iterable[str]) -> None:
        """Answer line after line until there is none, or one says /quit."""
        for line in lines:
            text = plain(line).strip()
            if text == "/quit":
                return
            if text.startswith("/"):
                self._command(text)
            elif text:
                self._ask(text)

    def _ask(self, text: str) -> None:
        try:
            self._answer(self.assistant, text)
        except ModelError as error:
            self.say(f"\n({error}; answering without the model)")
            self._answer(self.assistant.without_model(), text)

    def _answer(self, assistant: Assistant, text: str) -> None:
        for event in assistant.answer(self.state, text, k=self.k):
            if isinstance(event, Thought):
                self.say(plain(event.text), nl=False)
            else:
                self._take(event, text)

    def _take(self, reply: Reply, text: str) -> None:
        self.say(("\n\n" if reply.reasoning else "") + cards_of(reply))
        self.last, self.state = reply, reply.state
        self.conversations.save(self.name, self.state, said=text, replied=reply.text)

    def _command(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "/reset":
            self.state, self.last = State(user_id=self.state.user_id), None
            self.conversations.save(self.name, self.state)
            self.say("Forgotten; what would you like?")
        elif word == "/state":
            self.say(remembered(self.state, self.assistant))
        elif word in _OPINIONS or word == "/why":
            self._about(word, rest.strip())
        else:
            self.say(f"There is no {word}. {_HELP}")

    def _about(self, word: str, number: str) -> None:
        card = self._card(number)
        if card is None:
            self.say(f"{word} takes the number of a card above, such as {word} 1.")
        elif word == "/why":
            self.say(why(card))
        else:
            self.state = with_opinion(self.state, card.item_id, _OPINIONS[word])
            self.conversations.save(self.name, self.state)
            self.say(f"{plain(card.label)}: noted ({_OPINIONS[word]}); it counts from now on.")

    def _card(self, number: str) -> Recommendation | None:
        cards = self.last.recommendations if self.last else ()
        number = number or "1"
        if not number.isdecimal() or not 1 <= int(number) <= len(cards):
            return None
        return cards[int(number) - 1]


def cards_of(reply: Reply) -> str:
    """A reply as lines: what is said, then a card for each item.

    Args:
        reply: what the assistant answered.
    """
    cards = [f"{n}. {_card_line(card)}" for n, card in enumerate(reply.recommendations, start=1)]
    return plain("\n".join([reply.text, "", *cards]))


def _card_line(card: Recommendation) -> str:
    met = [f"+ {c.value}" for c in card.matches]
    missed = [f"- {c.value}" for c in card.misses]
    known = [] if met or missed else [c.value for c in card.facts[:4]]
    told = ", ".join([*met, *missed, *known])
    return card.label + (f"  ({told})" if told else "")


def why(card: Recommendation) -> str:
    """All that is known of a card's item, and what the model wrote about it."""
    parts = [
        card.label,
        *_listed("asked for, and it has", card.matches),
        *_listed("asked for, and it has not", card.misses),
        *_listed("also", card.facts),
        *([f"  the model: {card.reasoning}"] if card.reasoning else []),
    ]
    return plain("\n".join(parts))


def _listed(name: str, facts: Sequence[Condition]) -> list[str]:
    told = "; ".join(f"{c.relation} {c.value}" for c in facts)
    return [f"  {name}: {told}"] if told else []


def remembered(state: State, assistant: Assistant) -> str:
    """What a conversation has come to, in lines."""

    def labels(ids: Sequence[str]) -> str:
        return "; ".join(map(assistant.label, ids))

    wishes = [f"{'' if w.wanted else 'not '}{w.condition.value}" for w in state.wishes]
    years = f"{state.years.first or ''}-{state.years.last or ''}"
    told = {
        "asked for": "; ".join([*wishes, *state.words]),
        "years": years if years != "-" else "",
        "like": labels(state.like_items),
        "liked": labels(state.liked),
        "disliked": labels(state.disliked),
        "seen": labels(state.seen),
        "user": state.user_id or "",
    }
    return plain("\n".join(f"{name}: {text}" for name, text in told.items() if text)) or "Nothing."


def plain(text: str) -> str:
    """A text without control characters, which a terminal would obey; line ends stay.

    >>> plain("a\\x1b[31mb\\n")
    'a[31mb\\n'
    """
    return "".join(c for c in text if c == "\n" or c.isprintable() or c == "\t")
