#!/bin/sh
# Reinforcement fine-tuning with verl 0.9, whatever the machine: sh train.sh EXPORTED MODEL [OVERRIDE...]
# EXPORTED is what `rerec data export-verl` wrote, MODEL a folder or hub id. The scripts beside this
# one add what fits one GPU, one node, several nodes. An override given last wins.
set -eu
exported=$1
model=$2
shift 2
overrides=$exported/overrides.txt
test -r "$overrides" || { echo "$overrides: not there; run rerec data export-verl first" >&2; exit 2; }
while IFS= read -r override; do
    set -- "$override" "$@"
done < "$overrides"
# PYTHON: another interpreter, or `printf %s\n` to see the command without running it.
exec ${PYTHON:-python3} -m verl.trainer.main_ppo \
    data.max_prompt_length=2048 \
    data.filter_overlong_prompts=true \
    actor_rollout_ref.model.path="'$model'" \
    actor_rollout_ref.rollout.name=vllm \
    critic.enable=false \
    actor_rollout_ref.actor.use_dynamic_bsz=true \
    actor_rollout_ref.actor.ppo_max_token_len_per_gpu=16384 \
    trainer.project_name=rerec \
    trainer.experiment_name=verl \
    trainer.default_local_dir="'$exported/checkpoints'" \
    trainer.logger='[console,tensorboard]' \
    "$@"
