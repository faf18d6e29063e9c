"""The prompts that responses being written go on from: read once, shared by a group's rows."""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class Prefix:
    """The prompts that rows being generated go on from: for decoding one token at a time."""

    keys: list[Tensor]
    """For each layer (N, K, P, D): N prompts, K key-value heads."""
    values: list[Tensor]
    hidden: Tensor
    """(N, 1, 1, P) bool, true on left padding."""
    padded: int = field(init=False)
    """So many columns at the left are padding of some prompt."""
    written: int = 0
    """Columns that are written, the newest included."""
    foreign: Tensor | None = None
    """(R, 1, 1, at least T) bool, true on columns before a row's own; None: there are none."""
    rows: Tensor | None = field(init=False, default=None)
    """(N, n) the rows of each prompt, where they are not as many of each; a prompt with fewer than
    n has its first one again. None: they are R / N of each."""
    places: Tensor | None = field(init=False, default=None)
    """(R,) where each row stands in `rows`, laid end to end."""

    def __post_init__(self) -> None:
        self._see_padding()

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attend from the newest token of every row.

        Args:
            layer: which layer's prompt.
            query: (R, H, 1, D), a prompt's rows together, see `arrange`.
            key: (R, K, T, D) what each row wrote so far in its first `written` places; anything
                finite behind.
            value: (R, K, T, D).
            scale: factor on the scores.

        Returns:
            (R, H, 1, D).
        """
        keys, values = self.keys[layer], self.values[layer]
        n_kv, length, width = keys.shape[1:]
        repeat = query.shape[1] // n_kv
        # Products of three axes: with more, torch takes ten steps for each.
        by = (len(keys), -1) if self.rows is None else (-1,)
        own = (query * scale).view(*by, n_kv, repeat, width)
        to_prompt = torch.bmm(self._by_prompt(own), keys.flatten(0, 1).mT)
        self._hide(to_prompt)
        # Parts of a block are as good to these products as a whole one.
        key, value = (states[:, :, : self.written].flatten(0, 1) for states in (key, value))
        to_own = torch.bmm(own.view(-1, repeat, width), key.mT)
        if self.foreign is not None:
            hidden = self.foreign[..., : self.written]
            to_own.view(len(query), n_kv, repeat, -1).masked_fill_(hidden, -torch.inf)
        to_prompt = self._by_row(to_prompt, n_kv, repeat)
        weights = torch.cat([to_prompt, to_own.view(*own.shape[:-1], -1)], dim=-1).softmax(-1)
        from_prompt = torch.bmm(self._by_prompt(weights[..., :length]), values.flatten(0, 1))
        onto_own = weights[..., length:].reshape(-1, repeat, self.written)
        from_own = torch.bmm(onto_own, value).view_as(own)
        return (from_own + self._by_row(from_prompt, n_kv, repeat)).reshape(query.shape)

    def _by_prompt(self, states: Tensor) -> Tensor:
        """(N * K, n * repeat, X) from (N, n, K, repeat, X), or from (R, K, repeat, X) by `rows`."""
        states = (states if self.rows is None else states[self.rows]).transpose(1, 2)
        n_prompts, n_kv, n, repeat, width = states.shape
        return states.reshape(n_prompts * n_kv, n * repeat, width)

    def _by_row(self, states: Tensor, n_kv: int, repeat: int) -> Tensor:
        """The way back."""
        states = states.view(len(self.hidden), n_kv, -1, repeat, states.shape[-1]).transpose(1, 2)
        return states if self.places is None else states.flatten(0, 1)[self.places]

    def _hide(self, to_prompt: Tensor) -> None:
        """Let no row see padding: (N * K, n * repeat, P) scores, in place."""
        if not self.padded:
            return
        scores = to_prompt.view(len(self.hidden), -1, *to_prompt.shape[1:])
        padding = self.hidden[..., : self.padded]
        scores[..., : self.padded].masked_fill_(padding, -torch.inf)

    def put(self, places: Tensor, prompts: "Prefix") -> None:
        """Replace some of the prompts by others, which are not longer than the longest were."""
        start = self.hidden.shape[-1] - prompts.hidden.shape[-1]
        for own, new in zip(
            [*self.keys, *self.values], [*prompts.keys, *prompts.values], strict=True
        ):
            own[places, :, start:] = new
        self.hidden[places] = True
        self.hidden[places, ..., start:] = prompts.hidden
        self._see_padding()

    def keep(self, prompts: Tensor) -> None:
        """Cut to some of the prompts."""
        self.keys = [keys[prompts] for keys in self.keys]
        self.values = [values[prompts] for values in self.values]
        self.hidden = self.hidden[prompts]
        self._see_padding()

    def arrange(self, prompts: Tensor) -> None:
        """Say which rows there are.

        Args:
            prompts: (R,) which prompt each row goes on from, in rising order, each at least once.
        """
        counts = prompts.bincount(minlength=len(self.hidden))
        width = int(counts.max())
        if int(counts.min()) == width:
            self.rows = self.places = None
            return
        starts = counts.cumsum(0) - counts
        column = torch.arange(width, device=prompts.device)
        self.rows = starts[:, None] + torch.where(column < counts[:, None], column, 0)
        own = torch.arange(len(prompts), device=prompts.device) - starts[prompts]
        self.places = prompts * width + own

    def _see_padding(self) -> None:
        self.padded = int(self.hidden.sum(-1).max()) if self.hidden.numel() else 0
