#!/usr/bin/env bash
# Writes the tables of benchmarks/README.md and results/objects.svg from
# results/objects.csv.  Needs the server that benchmarks/objects has started
# (the medians are taken by SQL).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

objects=$1
drain=$2
repetitions=$3
name=objects
source benchmarks/tables.sh

rate() { # what
  echo "$(cell "$1" objects_s 0) ($(spread "$1" objects_s 0))"
}

# Round by round, then the median.
faster() { # what, than what, digits
  table "SELECT coalesce((
    SELECT round((percentile_cont(0.5) WITHIN GROUP
        (ORDER BY o.value::float8 / l.value::float8))::numeric, $3)::text
    FROM result o
    JOIN result l ON l.run = o.run AND l.metric = o.metric
    WHERE o.metric = 'objects_s' AND o.what = '$1' AND l.what = '$2'),
    'not run')"
}

# What the median round says of two metrics, one divided by the other.
quotient() { # what, metric, by metric, factor, digits
  table "SELECT coalesce((
    SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY
        $4 * o.value::float8 / nullif(l.value::float8, 0)))::numeric, $5)::text
    FROM result o
    JOIN result l ON l.run = o.run AND l.what = o.what
    WHERE o.what = '$1' AND o.metric = '$2' AND l.metric = '$3'), 'not run')"
}

three() { # name, way, delay
  echo "| $1 | $(rate "$2_1_d$3") | $(rate "$2_4_d$3") | $(rate "$2_16_d$3") |"
}

share() { # delay
  local concurrency line='| of that, ours |'
  for concurrency in 1 4 16; do
    line+=" $(faster "multi_${concurrency}_d$1" "flood_${concurrency}_d$1" 2) |"
  done
  echo "$line"
}

ways() { # delay
  cat <<END
| $1 ms of delay, connections: | 1 | 4 | 16 |
|---|---|---|---|
$(three 'ours, 1,000 objects a request' multi "$1")
$(three 'the server alone, the same requests prepared' flood "$1")
$(share "$1")
$(three 'ours, an object a request' single "$1")
| \`s3cmd del\` | $(rate "s3cmd_d$1") | | |
| \`rclone delete\`, its default and \`--transfers 16 --checkers 16\` | | $(rate "rclone_d$1") | $(rate "rclone_16_d$1") |

END
}

refused() { # name, what
  echo "| $1 | $(cell "$2" settled_requests 0) | $(cell "$2" settled_refused 0)" \
    "| $(quotient "$2" settled_refused settled_requests 100 1) % |" \
    "$(rate "$2") |"
}

workers() { # delay
  local number line="| $1 ms |"
  for number in 1 2 4 8 16 32; do
    line+=" $(cell "workers_${number}_d$1" seconds 2) |"
  done
  echo "$line"
}

# Against the longer of its two parts, round by round.
drain_ratio() {
  table "SELECT coalesce((
    SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY
        w.value::float8 / greatest(d.value::float8, s.value::float8)))::numeric,
        2)::text
    FROM result w
    JOIN result d ON d.run = w.run AND d.metric = w.metric
    JOIN result s ON s.run = w.run AND s.metric = w.metric
    WHERE w.metric = 'seconds' AND w.what = 'drain'
      AND d.what = 'drain_database' AND s.what = 'drain_store'), 'not run')"
}

write_tables() {
  cat <<END
Ceph $(radosgw --version | awk '{ print $3 }'), one gateway and one OSD that keeps all in memory, on the
same $(nproc) cores as the client and the proxy; objects of 100 bytes, $objects a way,
fewer for slower ones; median of $repetitions (least to most), commit $(git rev-parse --short HEAD),
$(date -u +%Y-%m-%d).

**Objects a second**, the delay being that of a round trip:

$(for delay in 0 2 10; do
    ways "$delay"
  done)

At 10 ms ours, at 16 connections, is $(faster multi_16_d10 rclone_d10 1) times as fast as
\`rclone delete\`, and $(faster multi_16_d10 rclone_16_d10 1) times as fast as that with \`--transfers 16\`.

**One core of ours**, against a server that answers at once, on another core:

| | objects a second | CPU µs an object | peak MiB |
|---|---|---|---|
| 1,000 objects a request | $(rate sink_multi) | $(quotient sink_multi cpu objects 1000000 1) | $(cell sink_multi peak_mib 1) |
| an object a request | $(rate sink_single) | $(quotient sink_single cpu objects 1000000 1) | $(cell sink_single peak_mib 1) |

**A gateway that takes four requests at a time**, asked by 16 workers; what was
asked after the first tenth:

| | requests | refused | | objects a second |
|---|---|---|---|---|
$(refused 'an object a request' slowdown)
$(refused '10 objects a request' slowdown_10)

**A run over $drain artifacts** whose objects are in the bucket:

| | seconds | CPU s | peak MiB |
|---|---|---|---|
| the whole | $(seconds drain) | $(cell drain cpu 2) | $(cell drain peak_mib 1) |
| its database part: the server answers at once | $(seconds drain_database) | $(cell drain_database cpu 2) | $(cell drain_database peak_mib 1) |
| its store part: the same objects, no database | $(seconds drain_store) | $(cell drain_store cpu 2) | $(cell drain_store peak_mib 1) |
| a run over a tenth of them | $(seconds drain_tenth) | $(cell drain_tenth cpu 2) | $(cell drain_tenth peak_mib 1) |

The whole takes $(drain_ratio) times the longer of its parts.

**Workers** (\`--concurrency\`), seconds for $((drain / 10)) artifacts, batches of 250, one
run each:

| | 1 | 2 | 4 | 8 | 16 | 32 |
|---|---|---|---|---|---|---|
$(workers 0)
$(workers 10)

![Objects a second](results/objects.svg)
END
}

plot() {
  command -v gnuplot >/dev/null || return 0
  local delay
  for delay in 0 2 10; do
    echo "\"$delay ms\" $(cell "multi_16_d$delay" objects_s 0)" \
      "$(cell "flood_16_d$delay" objects_s 0)" \
      "$(cell "single_16_d$delay" objects_s 0)" \
      "$(cell "s3cmd_d$delay" objects_s 0)" \
      "$(cell "rclone_16_d$delay" objects_s 0)" \
      "$(cell "rclone_d$delay" objects_s 0)"
  done | sed 's/not run/0/g' >build/bench/objects.data
  gnuplot <<'END'
set terminal svg size 720,400 font "sans-serif,12" background "white"
set output "benchmarks/results/objects.svg"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.8
set yrange [0:*]
set ylabel "objects a second"
set grid ytics
set key outside right top
set title "removing objects from a bucket, by the delay of a round trip, median"
plot "build/bench/objects.data" using 2:xtic(1) title "ours, 16", \
     "" using 3 title "the server alone, 16", \
     "" using 4 title "ours, singly, 16", \
     "" using 5 title "s3cmd del", \
     "" using 6 title "rclone, 16", \
     "" using 7 title "rclone"
END
}

write_tables >build/bench/objects.md
put_into_page build/bench/objects.md
plot
