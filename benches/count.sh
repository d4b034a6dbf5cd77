#!/usr/bin/env bash
# Counts the instructions of the decoder for each input, and fails if a count differs by more than 2 % from
# `counts.txt`. `./count.sh --write` updates that file.
#
# The counts are only valid for one compiler, so with another one this script skips the comparison. Without
# the other decoders, memchr detects no CPU features, so the counts do not depend on the machine.
set -euo pipefail
cd "$(dirname "$0")"

compiler=$(rustc --version)
if [ "${1:-}" != --write ] && ! grep -qxF "# $compiler" counts.txt; then
    echo "SKIPPED: $(head -1 counts.txt | tail -c +3) made the counts, and this is $compiler"
    exit 0
fi
cargo build --quiet --release --locked --no-default-features --bin count --target-dir target/count

new=$(mktemp)
echo "# $compiler" >"$new"
for push in 100000000 1460 64 1; do
    for letter in a b c d e f g; do
        counts=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null \
            --toggle-collect='*decode_all*' target/count/release/count $letter $push 2>&1 |
            sed -n 's/.*Collected : //p')
        echo "$letter $push $counts" | tee -a "$new" >&2
    done
done
if [ "${1:-}" = --write ]; then
    mv "$new" counts.txt
    exit 0
fi
paste -d ' ' counts.txt "$new" | awk '
    /^#/ { next }
    $3 * 1.02 < $6 || $6 * 1.02 < $3 {
        printf "(%s) in pushes of %s: %d instructions, were %d: %+.1f %%\n", $1, $2, $6, $3, ($6 / $3 - 1) * 100
        differ = 1
    }
    END { exit differ }'
