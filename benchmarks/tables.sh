# For sourcing: how the pages are made of results/$name.csv.  Needs a server,
# since medians are taken by SQL.

csv=benchmarks/results/$name.csv
page=benchmarks/README.md

table() {
  psql -qXAt -d postgres -v ON_ERROR_STOP=1 <<SQL
CREATE TEMP TABLE result (what text, run int, metric text, value text);
\\copy result FROM '$csv' CSV HEADER
CREATE TEMP VIEW median AS
SELECT what, metric,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY nullif(value, '')::float8)
           AS value,
       min(nullif(value, '')::float8) AS least,
       max(nullif(value, '')::float8) AS most, count(*) AS runs
FROM result GROUP BY what, metric;
$1
SQL
}

cell() { # what metric digits
  table "SELECT coalesce((SELECT round(value::numeric, $3)::text FROM median
    WHERE what = '$1' AND metric = '$2'), 'not run')"
}

spread() { # what metric digits
  table "SELECT coalesce((SELECT round(least::numeric, $3) || ' to ' ||
    round(most::numeric, $3) FROM median
    WHERE what = '$1' AND metric = '$2'), '')"
}

# Round by round, then the median.
ratio() { # what, beside what
  table "SELECT coalesce((
    SELECT round((percentile_cont(0.5) WITHIN GROUP
        (ORDER BY o.value::float8 / l.value::float8))::numeric, 2)::text
    FROM result o
    JOIN result l ON l.run = o.run AND l.metric = o.metric
    WHERE o.metric = 'seconds' AND o.what = '$1' AND l.what = '$2'), 'not run')"
}

seconds() { # what
  echo "$(cell "$1" seconds 2) ($(spread "$1" seconds 2))"
}

row() { # name, what
  echo "| $1 | $(seconds "$2") | $(cell "$2" p99_ms 1)" \
    "| $(cell "$2" slowest_ms 1) | $(cell "$2" peak_mib 1) |"
}

where_and_when() {
  echo "$(nproc) cores, $(psql -XAt -d postgres -c 'SHOW server_version'), files in"
  echo "memory (tmpfs), fsync on, commit $(git rev-parse --short HEAD),"
  echo "$(date -u +%Y-%m-%d)."
}

# Between the two marks stands what is measured; the rest is prose.
put_into_page() { # file
  awk -v tables="$1" -v begin="<!-- $name: begin -->" \
    -v end="<!-- $name: end -->" '
    index($0, end) { skip = 0 }
    !skip { print }
    index($0, begin) {
      while ((getline line < tables) > 0) print line
      skip = 1
    }' "$page" >build/bench/page.md
  mv build/bench/page.md "$page"
}
