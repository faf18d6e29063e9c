#!/bin/sh
# The whole line on the corner shop: import, embeddings, queries, two steps of reinforcement, evaluation.
# Usage: sh examples/corner_shop/run.sh [OUT]; OUT is a new folder, corner-shop where none is given.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-corner-shop}
root=$(cd "$here/../.." && pwd)
rerec=$root/.venv/bin/rerec
[ -x "$rerec" ] || rerec=rerec

"$rerec" data import table --items "$here/items.csv" --attributes "$here/attributes.csv" \
    --interactions "$here/interactions.csv" --noun tea --verb drink --past drank --out "$out/shop"
"$rerec" data queries "$out/shop" --set n_candidates=4 --set n_train=40 --set n_valid=8 --set n_test=8 \
    --set common_share=1.0 --set 'categories=[explicit]'
"$rerec" data check "$out/shop"
"$rerec" embed "$out/shop" --no-compare --set dim=8 --set max_epochs=20
"$rerec" train --config "$here/recipe.yaml" --data "$out/shop" \
    --model "$root/artifacts/smollm2-movies-sft" --out "$out/rft"
"$rerec" evaluate --model "$out/rft/last" --data "$out/shop" --split test --out "$out/test.json"
