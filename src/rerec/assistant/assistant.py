"""The trained model as one object: from a request and what was said before to a reply.

Understand, retrieve, reason, weigh. The catalogue and the graphs decide what may be shown and say
why; the model chooses among what fits and adds its reasoning. Without a model the same line runs
without its third stage. An assistant holds nothing of a conversation: the state comes in with the
request and goes out with the reply, so that one object serves any number of people.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from rerec.assistant.asking import request_text
from rerec.assistant.backends import Backend
from rerec.assistant.exchange import (
    Event,
    Found,
    Recommendation,
    Reply,
    State,
    Thought,
    Understood,
)
from rerec.assistant.retrieval import Retriever
from rerec.assistant.saying import Words
from rerec.assistant.understanding import Reader
from rerec.assistant.weighing import paragraphs_about, weigh
from rerec.catalogue.domain import Domain
from rerec.catalogue.grounding import TitleIndex
from rerec.graph.attributes import AttributeGraph
from rerec.queries.vocabulary import words_of
from rerec.records import Condition
from rerec.train.prompts import PromptWriter

N_WEIGHED = 8
"""Candidates that the model weighs. It was trained on twenty of which one met all that was asked;
here nearly all of them do, and of twenty that all fit the shipped one writes lists until it goes
round (docs/log.md). Eight are read in half the time, too.
"""
N_FACTS = 12
"""Facts that are told of an item beside what was asked for."""


class Cancelled(Exception):
    """Whoever asked no longer wants the answer."""


@dataclass(frozen=True)
class Assistant:
    """Answers requests over one domain."""

    domain: Domain
    reader: Reader
    retriever: Retriever
    index: TitleIndex
    words: Words
    backend: Backend | None = None
    """None: answers come from retrieval and the graphs alone."""
    writer: PromptWriter | None = None

    @classmethod
    def of(cls, domain: Domain, backend: Backend | None = None) -> "Assistant":
        """An assistant for a domain.

        Raises:
            DataError: a table of the domain is broken.
        """
        retriever = Retriever.of(domain)
        words = Words(words_of(domain.folder))
        reader = Reader.of(domain, retriever.graph)
        bare = cls(domain, reader, retriever, TitleIndex(domain.catalogue), words)
        return bare if backend is None else bare.with_model(backend)

    def with_model(self, backend: Backend) -> "Assistant":
        """The same, with a model that reasons."""
        writer = PromptWriter(self.domain, self.graph, backend.prompt)
        return replace(self, backend=backend, writer=writer)

    def without_model(self) -> "Assistant":
        """The same, answering from retrieval and the graphs alone."""
        return replace(self, backend=None, writer=None)

    @property
    def graph(self) -> AttributeGraph:
        """The attributes of the domain's items."""
        return self.retriever.graph

    @property
    def model_name(self) -> str:
        """Who reasons; `none` where nobody does."""
        return "none" if self.backend is None else self.backend.name

    def answer(
        self,
        state: State,
        text: str,
        *,
        k: int = 5,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Answer one request.

        Args:
            state: the conversation so far.
            text: the request.
            k: items to recommend at most, 1 or more.
            cancelled: asked now and then; once true, the answer ends.

        Yields:
            What the model writes, as it writes it, then one reply.

        Raises:
            Cancelled: `cancelled` said so.
            ModelError: the model cannot answer now; `without_model()` can.
        """
        clock = _Clock()
        understood = self.reader.read(state, text)
        clock.note("understand")
        candidates = self.retriever.find(understood.state, max(k, N_WEIGHED))
        clock.note("retrieve")
        pieces: list[str] = []
        for piece in self._reasoning(understood.state, text, candidates, cancelled):
            if not pieces:
                clock.note("first_token")
            pieces.append(piece)
            yield Thought(piece)
        if pieces:
            clock.note("reason")
        if cancelled():
            raise Cancelled
        reply = self._reply(understood, candidates, "".join(pieces), k)
        yield replace(reply, seconds=clock.seconds())

    def _reasoning(
        self,
        state: State,
        text: str,
        candidates: Sequence[Found],
        cancelled: Callable[[], bool],
    ) -> Iterator[str]:
        if self.backend is None or self.writer is None or not candidates:
            return
        messages = self.writer.asking(
            request_text(state, text, self.words.vocabulary),
            [self.domain.catalogue.item_ids[found.row] for found in candidates[:N_WEIGHED]],
            history=state.liked,
        )
        yield from self.backend.write(messages, cancelled=cancelled)

    def _reply(
        self, understood: Understood, candidates: Sequence[Found], response: str, k: int
    ) -> Reply:
        weighed = weigh(candidates, response, self.index)
        first = weighed.found[:k]
        about = paragraphs_about(response, [found.row for found in first], self.index)
        wanted = [wish.condition for wish in understood.state.wishes if wish.wanted]
        shown = tuple(
            self._recommendation(f.row, wanted, about.get(f.row, ""), f.row in weighed.chosen)
            for f in first
        )
        notes = [*understood.notes, *self._refused(weighed.refused, weighed.dropped)]
        corrections = [
            self.words.corrected(one, self.label(one.item_id)) for one in understood.corrections
        ]
        ids = tuple(one.item_id for one in shown)
        before = understood.state
        state = replace(before, shown=tuple(dict.fromkeys((*before.shown, *ids))), focus=ids)
        return Reply(
            text=" ".join([*corrections, *notes, self.words.answer(shown)]),
            recommendations=shown,
            state=state,
            corrections=understood.corrections,
            notes=tuple(notes),
            reasoning=response,
            dropped=weighed.dropped,
            fits=bool(shown) and not shown[0].misses,
            model=self.model_name,
        )

    def _recommendation(
        self, row: int, wanted: Sequence[Condition], reasoning: str, chosen: bool
    ) -> Recommendation:
        facts = self.graph.facts_of(row)
        held = set(facts)
        item = self.domain.catalogue.items[row]
        return Recommendation(
            item_id=item.item_id,
            label=item.label,
            matches=tuple(c for c in wanted if c in held),
            misses=tuple(c for c in wanted if c not in held),
            facts=tuple(c for c in facts if c not in wanted)[:N_FACTS],
            reasoning=reasoning,
            chosen=chosen,
        )

    def _refused(self, rows: Sequence[int], titles: Sequence[str]) -> list[str]:
        """That the model named what cannot be recommended."""
        notes = []
        if titles:
            notes.append("The model named a title that is not in the catalogue; it is left out.")
        if rows:
            labels = "; ".join(self.domain.catalogue.items[row].label for row in rows)
            notes.append(f"The model named {labels}, which is not among what fits; it is left out.")
        return notes

    def label(self, item_id: str) -> str:
        """An item's title with its year."""
        return self.domain.catalogue.items[self.domain.catalogue.row_of(item_id)].label


class _Clock:
    """Seconds of each stage, one after the other."""

    def __init__(self) -> None:
        self._begin = self._last = perf_counter()
        self._stages: dict[str, float] = {}

    def note(self, stage: str) -> None:
        """A stage has just ended."""
        now = perf_counter()
        self._stages[stage] = now - self._last
        self._last = now

    def seconds(self) -> dict[str, float]:
        """All stages so far, and their total."""
        return {**self._stages, "total": perf_counter() - self._begin}
