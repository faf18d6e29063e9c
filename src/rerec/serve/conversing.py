"""Requests of conversations: the state is read, the request answered, and what came of it kept.

The opinions of a person may arrive while their answer is made: they are carried over into the state
that the answer leaves.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rerec.assistant.exchange import Event, Opinion, Reply, State, to_json
from rerec.assistant.memory import Conversations
from rerec.assistant.opinions import with_opinion
from rerec.serve.bodies import FeedbackBody, RecommendBody
from rerec.serve.feedback import Feedback, FeedbackStore, now_s
from rerec.serve.model_path import ModelPath
from rerec.serve.refusals import Refusal


def opinions_of(state: State, item_id: str) -> tuple[Opinion, ...]:
    """What somebody said of an item.

    >>> opinions_of(State(liked=("7",), seen=("7", "8")), "7"), opinions_of(State(), "7")
    (('like', 'seen'), ())
    """
    said: dict[Opinion, tuple[str, ...]] = {
        "like": state.liked,
        "dislike": state.disliked,
        "seen": state.seen,
    }
    return tuple(opinion for opinion, item_ids in said.items() if item_id in item_ids)


def carried(before: State, now: State, after: State) -> State:
    """The state after an answer, with the opinions that came while it was made.

    Args:
        before: the state that the answer began with.
        now: the same, with what came meanwhile.
        after: the state that the answer leaves.
    """
    told = (*before.liked, *before.disliked, *before.seen, *now.liked, *now.disliked, *now.seen)
    for item_id in dict.fromkeys(told):
        opinions = opinions_of(now, item_id)
        if opinions != opinions_of(before, item_id):
            for opinion in (None, *opinions):
                after = with_opinion(after, item_id, opinion)
    return after


@dataclass(frozen=True)
class Talks:
    """All conversations of a server."""

    model: ModelPath
    conversations: Conversations
    feedback: FeedbackStore
    _writing: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """Held from reading a state to writing it."""
    _busy: set[str] = field(default_factory=set, repr=False)
    """Conversations that are being answered."""

    def conversation_of(self, body: RecommendBody) -> str:
        """The conversation that a request belongs to; a new one where it names none.

        Raises:
            Refusal: there is no such conversation (404).
        """
        if body.conversation_id is None:
            return self.conversations.new(body.user_id)
        self._state(body.conversation_id)
        return body.conversation_id

    def answer(
        self, conversation_id: str, body: RecommendBody, cancelled: Callable[[], bool]
    ) -> Generator[Event]:
        """Answer a request, and keep its turn before the reply is handed on.

        Raises:
            Refusal: the conversation is being answered already (409), or was removed (404).
            Cancelled: `cancelled` said so.
        """
        with self._alone(conversation_id):
            before = self._state(conversation_id)
            if body.user_id is not None:
                before = replace(before, user_id=body.user_id)
            for event in self.model.answer_anyway(before, body.text, body.k, cancelled):
                is_reply = isinstance(event, Reply)
                yield self._kept(conversation_id, body.text, before, event) if is_reply else event

    def take(self, body: FeedbackBody) -> State:
        """Keep an opinion; the state of its conversation, or an empty one with it alone.

        Raises:
            Refusal: there is no such conversation (404).
            DataError: it cannot be written.
        """
        with self._writing:
            state, text = State(user_id=body.user_id), ""
            if body.conversation_id is not None:
                state = self._state(body.conversation_id)
                turns = self.conversations.turns(body.conversation_id)
                text = turns[-1].said if turns else ""
            self.feedback.add(
                Feedback(
                    body.item_id,
                    body.opinion,
                    body.conversation_id,
                    body.user_id or state.user_id,
                    text,
                    state,
                    now_s(),
                )
            )
            state = with_opinion(state, body.item_id, body.opinion)
            if body.conversation_id is not None:
                self.conversations.save(body.conversation_id, state)
            return state

    def record(self, conversation_id: str) -> dict[str, Any]:
        """A conversation as JSON values: its `state` and its `turns`.

        Raises:
            Refusal: there is no such conversation (404).
        """
        state = self._state(conversation_id)
        turns = [asdict(turn) for turn in self.conversations.turns(conversation_id)]
        return {"state": to_json(state), "turns": turns}

    def forget(self, conversation_id: str) -> None:
        """Remove a conversation, its turns, and the opinions told in it.

        Raises:
            Refusal: there is no such conversation (404).
            DataError: it cannot be removed.
        """
        with self._writing:
            self._state(conversation_id)
            self.conversations.forget(conversation_id)
            self.feedback.forget(conversation_id)

    def _state(self, conversation_id: str) -> State:
        state = self.conversations.state(conversation_id)
        if state is None:
            raise Refusal(404, "there is no such conversation", param="conversation_id")
        return state

    @contextmanager
    def _alone(self, conversation_id: str) -> Generator[None]:
        """Two requests of one conversation at a time would each lose what the other changes."""
        with self._writing:
            if conversation_id in self._busy:
                raise Refusal(409, "this conversation is being answered; wait for its reply")
            self._busy.add(conversation_id)
        try:
            yield
        finally:
            self._busy.discard(conversation_id)

    def _kept(self, conversation_id: str, text: str, before: State, reply: Reply) -> Reply:
        with self._writing:
            now = self._state(conversation_id)
            reply = replace(reply, state=carried(before, now, reply.state))
            self.conversations.save(conversation_id, reply.state, said=text, replied=reply.text)
        return reply
