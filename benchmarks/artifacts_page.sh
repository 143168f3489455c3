#!/usr/bin/env bash
# Writes the tables of benchmarks/README.md and results/artifacts.svg from
# results/artifacts.csv.  Needs the server that benchmarks/artifacts has
# started (the medians are taken by SQL).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scale=$1
repetitions=$2
name=artifacts
source benchmarks/tables.sh

write_tables() {
  cat <<END
Scale $scale of the published figures, median of $repetitions (least to most),
$(where_and_when)

**Destroying 179,750 artifacts with their files**, queue and statistics kept,
against one SQL statement that does the same row work followed by one thread
that unlinks the same files:

| | seconds | ratio, median of the rounds |
|---|---|---|
| the statement, then unlink | $(seconds limit) | 1 |
| ci-janitor, \`--prune none\` | $(seconds destroy) | $(ratio destroy limit) |
| the statement, then unlink and rmdir | $(seconds limit_rmdir) | 1 |
| ci-janitor, \`--prune leaf\` | $(seconds destroy_leaf) | $(ratio destroy_leaf limit_rmdir) |

**The passes**: seconds of the whole pass, its statements from send to result,
peak resident memory of the program:

| | seconds | p99 ms | slowest ms | MiB |
|---|---|---|---|---|
$(row 'unlocked, 179,750 destroyed' destroy)
$(row 'the same under an old snapshot' destroy_snapshot)
$(row 'legacy over 861,384, reading only' legacy_reading)
$(row 'legacy, writing 86,138 states' legacy_resolving)
$(row 'legacy, --trust-lock-state, states written' legacy_trusting)
$(row 'legacy, cold' legacy_cold)
$(row 'a million rows of one expire_at' tie)
$(row 'a million rows spread in time' spread)

GitLab's legacy query as one statement, warm, as the planner runs it:
$(cell gitlab_legacy seconds 1) s.

**One page of 100 rows**, buffers and ms; the last two while another session
holds a snapshot from before the run, so that no dead index entry can go:

| | buffers | ms |
|---|---|---|
| at the start | $(cell page_at_start buffers 0) | $(cell page_at_start ms 3) |
| at the end, from the cursor | $(cell page_at_end buffers 0) | $(cell page_at_end ms 3) |
| at the end, from the left edge, as GitLab does it | $(cell left_edge_at_end buffers 0) | $(cell left_edge_at_end ms 3) |

**Defaults**: seconds for the 179,750, one run each:

| workers | 1 | 2 | 4 | 8 |
|---|---|---|---|---|
| | $(cell concurrency_1 seconds 2) | $(cell concurrency_2 seconds 2) | $(cell concurrency_4 seconds 2) | $(cell concurrency_8 seconds 2) |

| rows a batch | 100 | 500 | 1000 | 2000 | 5000 |
|---|---|---|---|---|---|
| | $(cell batch_100 seconds 2) | $(cell batch_500 seconds 2) | $(cell batch_1000 seconds 2) | $(cell batch_2000 seconds 2) | $(cell batch_5000 seconds 2) |

![Seconds to destroy 179,750 artifacts with their files](results/artifacts.svg)
END
}

plot() {
  command -v gnuplot >/dev/null && [[ $(cell limit seconds 3) != 'not run' ]] ||
    return 0
  {
    echo "\"statement,\\nthen unlink\" $(cell limit seconds 3)"
    echo "\"ci-janitor\\n--prune none\" $(cell destroy seconds 3)"
    echo "\"statement, then\\nunlink and rmdir\" $(cell limit_rmdir seconds 3)"
    echo "\"ci-janitor\\n--prune leaf\" $(cell destroy_leaf seconds 3)"
  } >build/bench/artifacts.data
  gnuplot <<'END'
set terminal svg size 640,360 font "sans-serif,12" background "white"
set output "benchmarks/results/artifacts.svg"
set style fill solid 0.8
set boxwidth 0.6
set yrange [0:*]
set ylabel "seconds"
set grid ytics
set title "179,750 artifacts with their files, median"
plot "build/bench/artifacts.data" using 0:2:xtic(1) with boxes notitle, \
     "" using 0:2:(sprintf("%.2f", $2)) with labels offset 0,0.7 notitle
END
}

write_tables >build/bench/artifacts.md
put_into_page build/bench/artifacts.md
plot
