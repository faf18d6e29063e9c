"""What verl is handed at its own hooks: an agent loop that tells blame, an advantage estimator.

The one module that imports verl. `VERL_USE_EXTERNAL_MODULES=rerec.verl.plugin` makes verl import
it in every process; it then knows the agent loop `rerec` (a single turn, as its own
`single_turn_agent`) and the estimator `rerec` (the estimator that the recipe names). verl's
trainers of generation V1 alone pass on what an agent loop says of single tokens.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PrivateAttr
from verl.experimental.agent_loop.agent_loop import (  # ty: ignore[import-not-found]
    AgentLoopOutput,
    register,
)
from verl.experimental.agent_loop.single_turn_agent_loop import (  # ty: ignore[import-not-found]
    SingleTurnAgentLoop,
)
from verl.trainer.ppo.core_algos import register_adv_est  # ty: ignore[import-not-found]

from rerec.errors import SettingsError
from rerec.settings import CreditSettings, read_recipe
from rerec.train.offsets import text_of, token_offsets
from rerec.verl.credit import blamed_tokens, token_advantages
from rerec.verl.layout import laid_out
from rerec.verl.reward import segments_told

NAME = "rerec"
"""Of the agent loop and of the estimator."""


class BlamingOutput(AgentLoopOutput):
    """A response whose tokens tell its reward and which of them are to blame."""

    _offsets: NDArray[np.intp] = PrivateAttr()

    @classmethod
    def of(cls, output: AgentLoopOutput, offsets: NDArray[np.intp]) -> "BlamingOutput":
        """The same response, with (T, 2) the places of its tokens in its text."""
        told = cls(**{name: getattr(output, name) for name in output.model_fields_set})
        told._offsets = offsets
        return told

    def as_dict(self) -> dict[str, Any]:
        """As verl's own, but for `rm_scores`: they are laid out as `rerec.verl.layout` says."""
        fields = super().as_dict()
        if self.reward_score is not None:
            segments, guilty = segments_told(self.extra_fields["reward_extra_info"]["segments"])
            numbers = laid_out(self.reward_score, blamed_tokens(segments, guilty, self._offsets))
            fields["rm_scores"] = fields["rm_scores"].new_tensor(numbers)
        return fields


@register(NAME)
class BlamingTurn(SingleTurnAgentLoop):
    """verl's single turn, which also finds where each token stands in the response."""

    async def run(self, sampling_params: dict[str, Any], **sample: Any) -> BlamingOutput:
        """Answer one prompt; the arguments are verl's."""
        output = await super().run(sampling_params, **sample)
        offsets = await self.loop.run_in_executor(None, self._offsets_of, output.response_ids)
        return BlamingOutput.of(output, offsets)

    def _offsets_of(self, tokens: list[int]) -> NDArray[np.intp]:
        return token_offsets(self.tokenizer, tokens, text_of(self.tokenizer, tokens))


@register_adv_est(NAME)
def recipe_advantages(
    token_level_rewards: Any, response_mask: Any, config: Any, index: NDArray, **others: Any
) -> tuple[Any, Any]:
    """Advantages by the recipe that `algorithm.recipe` names; the arguments are verl's.

    Args:
        token_level_rewards: (B, T) as the agent loop `rerec` laid them out.
        response_mask: (B, T) 1 on tokens that the policy wrote.
        config: verl's `algorithm` section.
        index: (B,) the same for responses to the same prompt.
        others: what else verl may offer.

    Returns:
        (B, T) advantages, and again as returns, as verl's own estimators without a critic do.

    Raises:
        SettingsError: the recipe cannot be read, or the rewards are not what we laid out.
    """
    del others
    if config.get("use_kl_in_reward"):
        raise SettingsError(
            "algorithm.use_kl_in_reward is on, which mixes the divergence into the rewards that "
            "carry the blame; use actor_rollout_ref.actor.use_kl_loss instead"
        )
    found = token_advantages(
        token_level_rewards.cpu().numpy(),
        response_mask.cpu().numpy().astype(bool),
        np.asarray(index),
        _credit(config["recipe"]),
    )
    advantages = token_level_rewards.new_tensor(found)
    return advantages, advantages


@lru_cache
def _credit(recipe: str) -> CreditSettings:
    return read_recipe(Path(recipe)).credit
