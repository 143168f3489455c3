#!/usr/bin/env bash
# Writes what `./dev bench artifacts --schema VERSION` measured into
# benchmarks/README.md, from results/schema.csv.  Needs the server of the
# benchmark.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scale=$1
repetitions=$2
schema=$3
name=schema
source benchmarks/tables.sh

of() { # name, pass
  echo "| $1 | $(seconds "$2_on_headline") | $(seconds "$2_on_headline_$schema")" \
    "| $(ratio "$2_on_headline_$schema" "$2_on_headline") |"
}

write_tables() {
  cat <<END
Scale $scale of the published figures, without files, median of $repetitions
(least to most), $(where_and_when)

| seconds of the pass | db/schema.sql | $schema, three partitions | ratio, median of the rounds |
|---|---|---|---|
$(of unlocked unlocked)
$(of legacy legacy)
END
}

write_tables >build/bench/schema.md
put_into_page build/bench/schema.md
