#!/bin/sh
# Several nodes of eight GPUs of 80 GB, about 70B parameters, Megatron: NNODES=4 sh nodes.sh EXPORTED MODEL [OVERRIDE...]
# Run it on the head node of a Ray cluster (`ray start --head`, `ray start --address=...` on the
# others); EXPORTED and the domain lie where every node finds them under the same path. The recipe
# trains every weight (model.lora_rank: 0).
# Not run on a GPU yet.
set -eu
exported=$1
model=$2
shift 2
exec sh "$(dirname "$0")/train.sh" "$exported" "$model" \
    model_engine=megatron \
    +ray_kwargs.ray_init.address=auto \
    trainer.nnodes="${NNODES:-2}" \
    trainer.n_gpus_per_node=8 \
    actor_rollout_ref.actor.megatron.tensor_model_parallel_size=8 \
    actor_rollout_ref.actor.megatron.pipeline_model_parallel_size=2 \
    actor_rollout_ref.actor.megatron.param_offload=true \
    actor_rollout_ref.actor.megatron.optimizer_offload=true \
    actor_rollout_ref.ref.megatron.tensor_model_parallel_size=8 \
    actor_rollout_ref.ref.megatron.pipeline_model_parallel_size=2 \
    actor_rollout_ref.ref.megatron.param_offload=true \
    actor_rollout_ref.rollout.tensor_model_parallel_size=8 \
    "$@"
