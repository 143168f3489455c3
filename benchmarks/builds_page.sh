#!/usr/bin/env bash
# Writes the tables of benchmarks/README.md and results/builds.svg from
# results/builds.csv.  Needs the server that benchmarks/builds has started (the
# medians are taken by SQL).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=$1
repetitions=$2
name=builds
source benchmarks/tables.sh

write_tables() {
  cat <<END
$jobs running jobs of 500 blocked users in 2,000 pipelines, three chunks of
128 KiB each for a tenth of them, half in Redis and half in the database; median
of $repetitions (least to most), $(where_and_when)

**Dropping $(cell drop dropped 0) jobs**, ours with queues, resources, deployments,
tokens, stages, pipelines and refs:

| | seconds | ratio to ours, median of the rounds |
|---|---|---|
| ci-janitor, \`--passes builds\` | $(seconds drop) | 1 |
| the same work, a build a transaction, one connection | $(seconds one_by_one) | $(ratio one_by_one drop) |
| AbortPipelinesService's bulk UPDATE | $(seconds abort) | $(ratio abort drop) |

Ours takes $(ratio drop abort) times as long as the bulk UPDATE.

**Archiving $(cell archive archived 0) traces** of
$(table "SELECT round(value::numeric / 1048576) FROM median
  WHERE what = 'archive' AND metric = 'bytes'") MiB, beside one thread that reads the same chunks, writes the same
files and deletes the same rows in one statement:

| | seconds | ratio, median of the rounds |
|---|---|---|
| the bound | $(seconds bound) | 1 |
| ci-janitor, \`--passes traces\` | $(seconds archive) | $(ratio archive bound) |

| | seconds | p99 ms | slowest ms | MiB |
|---|---|---|---|---|
$(row 'builds' drop)
$(row 'traces' archive)

**Waves**: seconds for all jobs, one run each:

| pipelines a wave | 10 | 50 | 100 | 200 | 500 | 2000 |
|---|---|---|---|---|---|---|
| | $(cell wave_10 seconds 2) | $(cell wave_50 seconds 2) | $(cell wave_100 seconds 2) | $(cell wave_200 seconds 2) | $(cell wave_500 seconds 2) | $(cell wave_2000 seconds 2) |

![Seconds to drop $jobs jobs](results/builds.svg)
END
}

plot() {
  command -v gnuplot >/dev/null || return 0
  {
    echo "\"a build\\na transaction\" $(cell one_by_one seconds 3)"
    echo "\"ci-janitor\" $(cell drop seconds 3)"
    echo "\"bulk UPDATE,\\nnothing else\" $(cell abort seconds 3)"
  } >build/bench/builds.data
  gnuplot <<'END'
set terminal svg size 640,360 font "sans-serif,12" background "white"
set output "benchmarks/results/builds.svg"
set style fill solid 0.8
set boxwidth 0.6
set yrange [0:*]
set ylabel "seconds"
set grid ytics
set title "dropping the jobs of 500 blocked users, median"
plot "build/bench/builds.data" using 0:2:xtic(1) with boxes notitle, \
     "" using 0:2:(sprintf("%.2f", $2)) with labels offset 0,0.7 notitle
END
}

write_tables >build/bench/builds.md
put_into_page build/bench/builds.md
plot
