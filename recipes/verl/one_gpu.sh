#!/bin/sh
# One GPU of 24 GB or more and a model up to 1B parameters: sh one_gpu.sh EXPORTED MODEL [OVERRIDE...]
# Not run on a GPU yet.
set -eu
exported=$1
model=$2
shift 2
exec sh "$(dirname "$0")/train.sh" "$exported" "$model" \
    trainer.nnodes=1 \
    trainer.n_gpus_per_node=1 \
    actor_rollout_ref.actor.strategy=fsdp2 \
    actor_rollout_ref.rollout.tensor_model_parallel_size=1 \
    actor_rollout_ref.rollout.gpu_memory_utilization=0.4 \
    actor_rollout_ref.rollout.agent.num_workers=2 \
    reward.num_workers=2 \
    "$@"
