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
    """(N, n, 1, 1, at least T) bool, true on columns before a row's own; None: there are none."""

    def __post_init__(self) -> None:
        self._see_padding()

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attend from the newest token of every row.

        Args:
            layer: which layer's prompt.
            query: (R, H, 1, D); R = N * n rows, a prompt's rows together.
            key: (R, K, T, D) what each row wrote so far in its first `written` places; anything
                finite behind.
            value: (R, K, T, D).
            scale: factor on the scores.

        Returns:
            (R, H, 1, D).
        """
        keys, values = self.keys[layer], self.values[layer]
        n_prompts, n_kv, length, width = keys.shape
        n, repeat = query.shape[0] // n_prompts, query.shape[1] // n_kv
        # Products of three axes: with more, torch takes ten steps for each.
        own = (query * scale).view(n_prompts, n, n_kv, repeat, width)
        onto_prompt = own.transpose(1, 2).reshape(n_prompts * n_kv, n * repeat, width)
        to_prompt = torch.bmm(onto_prompt, keys.flatten(0, 1).mT)
        self._hide(to_prompt)
        to_own = torch.bmm(own.view(-1, repeat, width), key.flatten(0, 1).mT)
        to_own[..., self.written :].fill_(-torch.inf)
        to_own = to_own.view(n_prompts, n, n_kv, repeat, -1)
        if self.foreign is not None:
            to_own.masked_fill_(self.foreign[..., : to_own.shape[-1]], -torch.inf)
        to_prompt = to_prompt.view(n_prompts, n_kv, n, repeat, length).transpose(1, 2)
        weights = torch.cat([to_prompt, to_own], dim=-1).softmax(-1)
        onto_prompt = weights[..., :length].transpose(1, 2)
        from_prompt = torch.bmm(
            onto_prompt.reshape(n_prompts * n_kv, n * repeat, length), values.flatten(0, 1)
        )
        from_prompt = from_prompt.view(n_prompts, n_kv, n, repeat, width).transpose(1, 2)
        onto_own = weights[..., length:].reshape(-1, repeat, key.shape[2])
        from_own = torch.bmm(onto_own, value.flatten(0, 1))
        return (from_own.view_as(own) + from_prompt).reshape(query.shape)

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

    def _see_padding(self) -> None:
        self.padded = int(self.hidden.sum(-1).max()) if self.hidden.numel() else 0
