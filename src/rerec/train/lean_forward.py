"""The forward of a Llama-like decoder in fewer operations, for a model that writes.

One token for each of some dozens of rows is little work, cut into small pieces by the libraries'
models: what those cost besides the products of weights was half of the writing (two cores,
float32), and nearly all of it on an accelerator. Here they are a quarter fewer, and the weights are
laid out for as many rows as there are (`rerec.train.packed`). The numbers are those of the model's
own forward, but for rounding; a model of another make keeps its own.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import rms_norm

from rerec.train.packed import Layers, Packed, Plain, can_pack, products_of

FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
"""`model_type` of the models whose layers are known here."""
_N_PRODUCTS = 7
"""Linear layers of one layer: four of the attention, three behind it."""
Attend = Callable[[int, Tensor, Tensor, Tensor, float], Tensor]
"""(layer, (R, H, T, D) queries, (R, K, T, D) keys and values, scale) to (R, H, T, D)."""


class Written(Protocol):
    """Where the keys and values of a layer are kept."""

    def update(self, key_states: Tensor, value_states: Tensor) -> tuple[Tensor, Tensor]:
        """Add (R, K, 1, D) of each, and hand out all there are."""
        ...


class Prompts(Protocol):
    """What the rows go on from; see `rerec.train.prefix.Prefix`."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """(R, H, 1, D) from (R, H, 1, D) and all keys and values that the rows wrote."""
        ...


def why_not_lean(model: Any) -> str | None:
    """Why a model keeps its own forward, or None where the lean one is the same."""
    if model.config.model_type not in FAMILIES:
        return f"it is none of {', '.join(FAMILIES)}"
    if hasattr(model, "hf_device_map"):
        return "it is spread over devices"
    layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
    if len(layers) != _N_PRODUCTS * model.config.num_hidden_layers + 1:
        return "it has other layers than its family"
    if any(type(layer) is not nn.Linear for layer in layers):
        return "its weights are under an adapter, or quantised"
    return None


class LeanForward:
    """A model's weights, passed in few operations; for inference alone."""

    @classmethod
    def of(cls, model: Any) -> "LeanForward | None":
        """None where `why_not_lean` has a reason."""
        return cls(model) if why_not_lean(model) is None else None

    def __init__(self, model: Any) -> None:
        self._inner: Any = model.model
        self._layers = [_Layer(layer) for layer in model.model.layers]
        self._head: Layers = (model.lm_head,)
        self._packs = can_pack(model)
        self._products: Packed | Plain = Plain()
        self._n_rows = 0

    def step(
        self, tokens: Tensor, positions: Tensor, written: Sequence[Written], prompts: Prompts
    ) -> Tensor:
        """One more token of every row.

        Args:
            tokens: (R,) the newest one of each row.
            positions: (R,) where it stands.
            written: for each layer where its keys and values go.
            prompts: what the rows go on from.

        Returns:
            (R, V) logits of the next token.
        """
        if self._packs and self._n_rows != len(tokens):
            self._n_rows = len(tokens)
            self._products = Plain()  # so that the memory is free for the next layout
            self._products = products_of(self._n_rows)

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
            keys, values = written[layer].update(key, value)
            return prompts.attend(layer, query, keys, values, scale)

        return self._pass(tokens[:, None], positions[:, None], attend, self._products)

    def read(
        self, ids: Tensor, attend: Attend, positions: Tensor | None = None, ends: int | Tensor = -1
    ) -> Tensor:
        """A prompt from its beginning, or several that begin alike.

        Args:
            ids: (1, L) token ids.
            attend: how its tokens attend to each other; called once for each layer.
            positions: (1, L) where they stand; None: one behind the other.
            ends: (E,) places in the row whose next token is wanted, or the last place alone.

        Returns:
            (E, V) logits of the tokens behind the ends.
        """
        if positions is None:
            positions = torch.arange(ids.shape[1], device=ids.device)[None]
        ends = torch.as_tensor(ends, device=ids.device).view(-1)
        return self._pass(ids, positions, attend, Plain(), ends)

    def _pass(
        self,
        ids: Tensor,
        positions: Tensor,
        attend: Attend,
        products: Packed | Plain,
        ends: Tensor | None = None,
    ) -> Tensor:
        hidden = self._inner.embed_tokens(ids.reshape(-1))
        cos, sin = self._inner.rotary_emb(hidden, positions.reshape(1, -1))
        turn = _Turn(cos[0], sin[0])
        for number, layer in enumerate(self._layers):
            query, key, value = layer.asked(hidden, turn, products, ids.shape)
            read = attend(number, query, key, value, layer.scale)
            read = read.transpose(1, 2).reshape(len(hidden), -1)
            if ends is not None and number == len(self._layers) - 1:
                read, hidden = read[ends], hidden[ends]
            hidden = layer.passed_on(hidden, read, products)
        return products(self._head, _normed(self._inner.norm, hidden))[0]


class _Turn:
    """Rotary positions: (x_1, x_2) becomes (x_1 cos - x_2 sin, x_2 cos + x_1 sin), by halves."""

    def __init__(self, cos: Tensor, sin: Tensor) -> None:
        self._half = sin.shape[-1] // 2
        self._cos = cos[:, None]
        self._sin = torch.cat([-sin[:, : self._half], sin[:, self._half :]], -1)[:, None]

    def __call__(self, states: Tensor) -> Tensor:
        """(M, H, D) turned, from M tokens in their places."""
        return torch.addcmul(states * self._cos, states.roll(self._half, -1), self._sin)


class _Layer:
    """One layer's modules, by what they read."""

    def __init__(self, layer: Any) -> None:
        own, mlp = layer.self_attn, layer.mlp
        self.scale: float = own.scaling
        self._width: int = own.head_dim
        self._before, self._between = layer.input_layernorm, layer.post_attention_layernorm
        self._norms = [getattr(own, name, None) for name in ("q_norm", "k_norm")]
        self._asking: Layers = (own.q_proj, own.k_proj, own.v_proj)
        self._out: Layers = (own.o_proj,)
        self._up: Layers = (mlp.gate_proj, mlp.up_proj)
        self._down: Layers = (mlp.down_proj,)
        self._act = mlp.act_fn

    def asked(
        self, hidden: Tensor, turn: _Turn, products: Packed | Plain, shape: torch.Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (R, H, T, D), keys and values (R, K, T, D) of (R * T, hidden)."""
        found = products(self._asking, _normed(self._before, hidden))
        query, key, value = (states.view(len(hidden), -1, self._width) for states in found)
        query, key = (
            turn(states if norm is None else _normed(norm, states))
            for states, norm in zip((query, key), self._norms, strict=True)
        )
        by_row = (*shape, -1, self._width)
        return (
            query.view(by_row).transpose(1, 2),
            key.view(by_row).transpose(1, 2),
            value.view(by_row).transpose(1, 2),
        )

    def passed_on(self, hidden: Tensor, read: Tensor, products: Packed | Plain) -> Tensor:
        """(M, hidden) for the next layer, of what attention read."""
        hidden = hidden + products(self._out, read)[0]
        gate, up = products(self._up, _normed(self._between, hidden))
        return hidden + products(self._down, self._act(gate).mul_(up))[0]


def _normed(norm: Any, states: Tensor) -> Tensor:
    return rms_norm(states, norm.weight.shape, norm.weight, norm.variance_epsilon)
