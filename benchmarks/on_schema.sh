# For sourcing by benchmarks/artifacts: the same rows on the tables of another
# GitLab, side by side with those of db/schema.sql.  Where tables are
# partitioned, pipelines take turns over three partitions.

# Names of the columns that a table of the one has and a root of the other.
common_columns() { # table, root
  comm -12 \
    <(sql -d headline -c "SELECT attname FROM pg_attribute WHERE attnum > 0
        AND NOT attisdropped AND attrelid = '$1'::regclass" | sort) \
    <(sql -d "headline_$schema" -c "SELECT attname FROM pg_attribute
        WHERE attnum > 0 AND NOT attisdropped AND attgenerated = ''
        AND attrelid = '$2'::regclass" | sort) |
    grep -vx partition_id | paste -sd,
}

has_partition() { # root
  [[ $(sql -d "headline_$schema" -c "SELECT count(*) FROM pg_attribute
    WHERE attrelid = '$1'::regclass AND attname = 'partition_id'") == 1 ]]
}

root_of() { # table
  sql -d "headline_$schema" -c "SELECT coalesce(to_regclass('p_$1'),
    to_regclass('$1'))::text"
}

# Triggers are off for this: one of them would give ids of its own.
copy_table() { # table, what tells the pipeline
  local root columns select
  root=$(root_of "$1")
  columns=$(common_columns "$1" "$root")
  select=$columns
  if [[ -n ${2:-} ]] && has_partition "$root"; then
    columns+=,partition_id
    select+=",100 + $2 % 3"
  fi
  sql -d headline -c "COPY (SELECT $select FROM $1) TO STDOUT" |
    sql -d "headline_$schema" -c "SET session_replication_role = replica" \
      -c "COPY $root ($columns) FROM STDIN"
}

seed_schema() {
  [[ $(sql -c "SELECT count(*) FROM pg_database
    WHERE datname = 'headline_$schema'") == 0 ]] || return 0
  say "the same rows on the tables of GitLab $schema (once)"
  createdb "headline_$schema"
  local topic
  for topic in projects pipelines jobs artifacts; do
    sql -d "headline_$schema" -f "tests/support/schema/$schema/$topic.sql" \
      >/dev/null
  done
  copy_table projects
  copy_table project_statistics
  copy_table ci_pipelines id
  copy_table ci_pipeline_artifacts pipeline_id
  copy_table ci_deleted_objects
  PGDATABASE="headline_$schema" sql -c 'VACUUM (ANALYZE)' -c 'CHECKPOINT'
}

# Without files, which cost the same on both.
compare_schema() {
  local run pass of
  seed_schema
  results=$PWD/$directory/schema.csv
  echo 'what,run,metric,value' >"$results"
  for ((run = 1; run <= repetitions; run++)); do
    for of in headline "headline_$schema"; do
      for pass in unlocked legacy; do
        say "$pass pass on $of, $run of $repetitions"
        template=$of fresh
        ours "${pass}_on_$of" "$run" "$pass" --prune none --accept-missing
        done_with
      done
    done
  done
  cp "$results" benchmarks/results/schema.csv
  bash benchmarks/schema_page.sh "$scale" "$repetitions" "$schema"
}
