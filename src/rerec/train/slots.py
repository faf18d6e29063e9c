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
    """N prompts with n rows each; R = N * n rows, a prompt's rows together."""

    going: Tensor
    """(N, n) bool, the rows still writing."""
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
            n: rows of each; a family that has fewer leaves the others idle.
            max_new_tokens: where a row ends.
            stop_repeats: see `Circles`.
        """
        self._model, self._n, self.most = model, n, max_new_tokens
        device, n_rows = model.device, len(beginnings) * n
        self._lean = LeanForward.of(model)
        self.numbers = torch.tensor([number for number, _ in beginnings], device=device)
        self.samples = torch.arange(n, device=device).expand(len(beginnings), n)
        self.going = torch.ones(len(beginnings), n, dtype=torch.bool, device=device)
        self._first = torch.zeros(n_rows, dtype=torch.long, device=device)
        families = [beginning for _, beginning in beginnings if beginning.rests]
        begun = max((len(rest) for family in families for rest in family.rests), default=0)
        self._begun = torch.full((n_rows,), begun, device=device)
        # A row is at most so far behind the oldest one as that may write, and then writes as much.
        room = begun + 2 * max_new_tokens + 2 * written.GROWTH
        self._text = torch.full((n_rows, room), _NOTHING, device=device)
        self._circles = Circles(n_rows, room, stop_repeats, device)
        if families:
            self._begin(families)
        else:
            self._prefix, positions, logits = self._read([one for _, one in beginnings])
            self._positions = positions.repeat_interleave(n)
            self.logits = logits.repeat_interleave(n, dim=0)
            self._layers = [Written(keys, n_rows) for keys in self._prefix.keys]
        self._cache = DynamicCache()
        self._cache.layers = list(self._layers)
        self._hide()

    def _begin(self, families: Sequence[Beginning]) -> None:
        """Read families; each row's rest stands in its last columns before the first answer's."""
        if self._lean is None:
            raise ValueError(f"families: {why_not_lean(self._model)}; read each prompt alone")
        self._prefix, read = read_families(self._lean, families, self._model.device)
        n_rows, begun = len(self._begun), int(self._begun[0])
        self._layers = [Written(keys, n_rows, begun) for keys in self._prefix.keys]
        self._positions = torch.zeros_like(self._begun)
        self.logits = read[0].logits.new_zeros(n_rows, read[0].logits.shape[1])
        for slot, (beginning, family) in enumerate(zip(families, read, strict=True)):
            start, m = slot * self._n, len(beginning.rests)
            self.going[slot, m:] = False
            self._positions[start : start + m] = family.positions
            self.logits[start : start + m] = family.logits
            for row, (rest, states) in enumerate(
                zip(beginning.rests, family.rests, strict=True), start=start
            ):
                self._first[row] = begun - len(rest)
                for layer, (keys, values) in zip(self._layers, states, strict=True):
                    layer.put(row, keys, values)

    @property
    def _column(self) -> int:
        return self._layers[0].length

    def rows(self) -> Tensor:
        """(R,) which row of all prompts' rows each one is: number * n + sample."""
        return (self.numbers[:, None] * self._n + self.samples).view(-1)

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
        given = self.going.view(-1)
        column = self._column
        ended = torch.isin(tokens, ends)
        ended |= self._circles.closed(self._text[:, :column], tokens)
        ended |= self.counts() + 1 >= self.most
        self._text[:, column] = torch.where(given, tokens, _NOTHING)
        self.going = self.going & ~ended.view_as(self.going)
        return given

    def ended(self) -> Tensor:
        """(E,) slots all of whose rows have ended."""
        return (~self.going.any(1)).nonzero().squeeze(1)

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
        """Read prompts into slots that have ended.

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
        self.going[slots] = True
        rows = (slots[:, None] * self._n + torch.arange(self._n, device=slots.device)).view(-1)
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
        kept = _worth_cutting(self.going)
        if kept is None:
            return
        prompts, places = kept
        rows = places.view(-1)
        self.samples = self.samples.reshape(-1)[rows].view_as(places)
        self.going = _first_of_each(places) & self.going.view(-1)[rows].view_as(places)
        self.numbers = self.numbers[prompts]
        self._prefix.keep(prompts)
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
        self._n, length, written = lengths.shape[1], max(int(lengths.max()), 0), self._column
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
        self._positions = self._positions[sources] - written + own
        self.samples = torch.arange(self._n, device=own.device).expand_as(lengths)
        self.going = lengths >= 0
        self._hide()

    def _forget(self) -> None:
        """Drop columns that no row sees any more."""
        going = self.going.view(-1)
        n = int(self._first[going].min()) if going.any() else self._column
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
        self._prefix.foreign = foreign.view(*self.going.shape, 1, 1, -1)


def _worth_cutting(going: Tensor) -> tuple[Tensor, Tensor] | None:
    """Which prompts and which of their rows to go on with; None while most are still writing.

    Args:
        going: (N, n) bool, the rows still writing.

    Returns:
        (N',) prompts and (N', n') places in the flat rows; a prompt with fewer than n' rows left is
        filled up with a repeat of its first one.
    """
    counts = going.sum(1)
    prompts = counts.nonzero().squeeze(1)
    width = int(counts.max())
    if len(prompts) * width > _CUT_BELOW * going.numel():
        return None
    order = going[prompts].int().argsort(dim=1, descending=True, stable=True)[:, :width]
    real = torch.arange(width, device=going.device) < counts[prompts, None]
    places = torch.where(real, order, order[:, :1])
    return prompts, places + prompts[:, None] * going.shape[1]


def _first_of_each(places: Tensor) -> Tensor:
    """(N', n') true where a row is not the repeat that fills its prompt up."""
    first = torch.ones_like(places, dtype=torch.bool)
    first[:, 1:] = places[:, 1:] != places[:, :1]
    return first
