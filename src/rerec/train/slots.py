"""The answers that are being written at the moment: as many prompts as there is room for.

A prompt has a slot, in which its n answers are written as n rows. Where all of them have ended the
next prompt is read into the slot, so that the batch stays full; once no prompt waits, rows that
have ended are cut out. All rows write into the same column at a time: a row that came later began
at a later column, and does not see what stands before it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from rerec.train import written
from rerec.train.attention import NO_MASK
from rerec.train.beginnings import Beginning
from rerec.train.circles import Circles
from rerec.train.lean_forward import LeanForward, why_not_lean
from rerec.train.prefix import Prefix
from rerec.train.reading import read_families, read_prompts
from rerec.train.written import Written

# Below this share of rows still writing, the finished ones are cut out of the batch.
_CUT_BELOW = 0.75
_NOTHING = -1


class Slots:
    """N prompts with up to n rows each, R in all; a prompt's rows stand together."""

    going: Tensor
    """(R,) bool, the rows still writing."""
    logits: Tensor
    """(R, V) of each row's next token."""

    def __init__(
        self,
        model: PreTrainedModel,
        beginnings: Sequence[tuple[int, Beginning]],
        n: int,
        *,
        max_new_tokens: int,
        stop_repeats: int,
    ) -> None:
        """Read the first prompts.

        Args:
            model: set to the shared attention.
            beginnings: (number, prompt) of what there are slots for; those that come later may not
                be longer than the longest of them. With rests, which all have or none, a slot's
                rows each go on from a prompt of their own; then none can be read later.
            n: rows of each; a family has one for each of its at most n prompts.
            max_new_tokens: where a row ends.
            stop_repeats: see `Circles`.
        """
        self._model, self._n, self.most = model, n, max_new_tokens
        self._lean, device = LeanForward.of(model), model.device
        self.numbers = torch.tensor([number for number, _ in beginnings], device=device)
        in_each = [len(one.rests) or n for _, one in beginnings]
        self._slot = torch.tensor(
            [i for i, m in enumerate(in_each) for _ in range(m)], device=device
        )
        self._sample = torch.tensor([j for m in in_each for j in range(m)], device=device)
        n_rows = len(self._slot)
        self.going = torch.ones(n_rows, dtype=torch.bool, device=device)
        self._first = torch.zeros(n_rows, dtype=torch.long, device=device)
        begun = max((len(rest) for _, one in beginnings for rest in one.rests), default=0)
        self._begun = torch.full((n_rows,), begun, device=device)
        # A row is at most so far behind the oldest one as that may write, and then writes as much.
        room = begun + 2 * max_new_tokens + 2 * written.GROWTH
        self._text = torch.full((n_rows, room), _NOTHING, device=device)
        self._circles = Circles(n_rows, room, stop_repeats, device)
        if begun:
            self._begin([one for _, one in beginnings], begun)
        else:
            self._prefix, positions, logits = self._read([one for _, one in beginnings])
            self._positions = positions.repeat_interleave(n)
            self.logits = logits.repeat_interleave(n, dim=0)
            self._layers = [Written(keys, n_rows) for keys in self._prefix.keys]
        self._prefix.arrange(self._slot)
        self._cache = DynamicCache()
        self._cache.layers = list(self._layers)
        self._hide()

    def _begin(self, families: Sequence[Beginning], begun: int) -> None:
        """Read families; each row's rest stands in its last columns before the first answer's."""
        if self._lean is None:
            raise ValueError(f"families: {why_not_lean(self._model)}; read each prompt alone")
        self._prefix, read = read_families(self._lean, families, self._model.device)
        self._layers = [Written(keys, len(self._slot), begun) for keys in self._prefix.keys]
        self._positions = torch.cat([family.positions for family in read])
        self.logits = torch.cat([family.logits for family in read])
        for row, rest in enumerate(rest for family in read for rest in family.rests):
            self._first[row] = begun - rest[0][0].shape[1]
            for layer, (keys, values) in zip(self._layers, rest, strict=True):
                layer.put(row, keys, values)

    @property
    def _column(self) -> int:
        return self._layers[0].length

    def rows(self) -> Tensor:
        """(R,) which row of all prompts' rows each one is: number * n + sample."""
        return self.numbers[self._slot] * self._n + self._sample

    def counts(self) -> Tensor:
        """(R,) tokens that each row has written; anything in rows that have ended."""
        return self._column - self._begun

    def take(self, tokens: Tensor, ends: Tensor) -> Tensor:
        """Give every row its next token.

        Args:
            tokens: (R,).
            ends: token ids that end a row.

        Returns:
            (R,) bool, the rows to which it was given: those that were going.
        """
        given, column = self.going, self._column
        ended = torch.isin(tokens, ends)
        ended |= self._circles.closed(self._text[:, :column], tokens)
        ended |= self.counts() + 1 >= self.most
        self._text[:, column] = torch.where(given, tokens, _NOTHING)
        self.going = given & ~ended
        return given

    def ended(self) -> Tensor:
        """(E,) slots all of whose rows have ended."""
        n_going = self._slot[self.going].bincount(minlength=len(self.numbers))
        return (n_going == 0).nonzero().squeeze(1)

    def step(self) -> None:
        """Compute what comes after the tokens that were given last."""
        column = self._column
        tokens = self._text[:, column].clamp(min=0)
        self._positions = self._positions + 1
        self._prefix.written = column + 1
        if self._lean:
            self.logits = self._lean.step(tokens, self._positions, self._layers, self._prefix)
            return
        self.logits = self._model(
            input_ids=tokens[:, None],
            position_ids=self._positions[:, None],
            attention_mask=NO_MASK,
            past_key_values=self._cache,
            use_cache=True,
            shared=self._prefix,
        ).logits[:, -1]

    def read(self, slots: Tensor, beginnings: Sequence[tuple[int, Beginning]]) -> None:
        """Read prompts into slots that have ended; none may have been cut before.

        Args:
            slots: (E,).
            beginnings: E prompts as (number, prompt).
        """
        self._forget()
        prefix, positions, logits = self._read([one for _, one in beginnings])
        self._prefix.put(slots, prefix)
        self.numbers[slots] = torch.tensor(
            [number for number, _ in beginnings], device=slots.device
        )
        rows = (slots[:, None] * self._n + torch.arange(self._n, device=slots.device)).view(-1)
        self.going[rows] = True
        self._positions[rows] = positions.repeat_interleave(self._n)
        self.logits[rows] = logits.repeat_interleave(self._n, dim=0)
        self._text[rows] = _NOTHING
        self._circles.begin(rows)
        self._first[rows] = self._begun[rows] = self._column
        self._hide()

    def _read(self, prompts: Sequence[Beginning]) -> tuple[Prefix, Tensor, Tensor]:
        return read_prompts(self._model, [prompt.shared for prompt in prompts], self._lean)

    def cut(self) -> None:
        """Leave out rows that have ended, where that saves more than it costs."""
        rows = self.going.nonzero().squeeze(1)
        if len(rows) > _CUT_BELOW * len(self.going):
            return
        slots, self._slot = self._slot[rows].unique(return_inverse=True)
        self._sample, self.going = self._sample[rows], self.going[rows]
        self.numbers = self.numbers[slots]
        self._prefix.keep(slots)
        self._prefix.arrange(self._slot)
        self._positions, self._first = self._positions[rows], self._first[rows]
        self._begun = self._begun[rows]
        self._text = self._text[rows]
        self._circles.keep(rows)
        for layer in self._layers:
            layer.keep(rows)
        self._forget()
        self._hide()

    def fork(self, lengths: Tensor) -> None:
        """Go on with n rows of each prompt instead of one, from the beginnings of what it wrote.

        No prompt may have been read later than the others, and no row been cut out.

        Args:
            lengths: (N, n) how many of its prompt's tokens each row begins with; below 0 where
                there is no such row.
        """
        self._n, length, so_far = lengths.shape[1], max(int(lengths.max()), 0), self._column
        own = lengths.clamp(min=0).view(-1)
        sources = torch.arange(len(lengths), device=own.device).repeat_interleave(self._n)
        self._first = self._begun = length - own
        columns = torch.arange(length, device=own.device) - self._first[:, None]
        for layer in self._layers:
            layer.spread(sources, columns.clamp(min=0))
        begun = self._text[sources].gather(1, columns.clamp(min=0))
        self._text = torch.full_like(self._text[sources], _NOTHING)
        self._text[:, :length] = torch.where(columns < 0, _NOTHING, begun)
        self._circles.replay(self._text[:, :length])
        self._positions = self._positions[sources] - so_far + own
        self._slot = sources
        self._sample = torch.arange(self._n, device=own.device).repeat(len(lengths))
        self.going = lengths.view(-1) >= 0
        self._prefix.arrange(self._slot)
        self._hide()

    def _forget(self) -> None:
        """Drop columns that no row sees any more."""
        n = int(self._first[self.going].min()) if self.going.any() else self._column
        if n < written.GROWTH:
            return
        for layer in self._layers:
            layer.forget(n)
        self._circles.forget(n)
        self._text = torch.nn.functional.pad(self._text[:, n:], (0, n), value=_NOTHING)
        self._first = (self._first - n).clamp(min=0)
        self._begun = (self._begun - n).clamp(min=0)

    def _hide(self) -> None:
        """Tell the attention which columns stand before each row's own."""
        if not self._first.any():
            self._prefix.foreign = None
            return
        columns = torch.arange(self._text.shape[1] + written.GROWTH, device=self._first.device)
        foreign = columns < self._first[:, None]
        self._prefix.foreign = foreign[:, None, None]
