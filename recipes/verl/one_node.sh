#!/bin/sh
# One node of eight GPUs of 80 GB, 3B to 8B parameters, FSDP2: sh one_node.sh EXPORTED MODEL [OVERRIDE...]
# Not run on a GPU yet.
set -eu
exported=$1
model=$2
shift 2
exec sh "$(dirname "$0")/train.sh" "$exported" "$model" \
    trainer.nnodes=1 \
    trainer.n_gpus_per_node=8 \
    actor_rollout_ref.actor.strategy=fsdp2 \
    actor_rollout_ref.rollout.tensor_model_parallel_size=1 \
    actor_rollout_ref.rollout.gpu_memory_utilization=0.5 \
    "$@"
