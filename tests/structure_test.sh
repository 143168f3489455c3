#!/usr/bin/env bash
# Do the rooms of the house keep to themselves?
#
#     tests/structure_test.sh ROOT          look at the tree in ROOT
#     tests/structure_test.sh --self-test   look at trees with one offence each
#
# Prints each offence as FILE:LINE and ends with 1 if there is one.
set -euo pipefail

rooms=(db jobs stores telemetry)
sql='\bSELECT\b|\bINSERT INTO\b|\bUPDATE [a-z_.]+ |\bDELETE FROM\b'
offences=0

# $1 says what is wrong with the lines on standard input.
report() {
  local line
  while IFS= read -r line; do
    echo "$1: $line"
    offences=$((offences + 1))
  done
}

sources_in() {
  find "$@" -name '*.cpp' -o -name '*.hpp'
}

# The lines of these files that match, comments left out.
matches() {
  local pattern=$1
  shift
  sources_in "$@" | xargs -r grep -HnE "$pattern" |
    sed -E 's#^([^:]*:[0-9]+:)//.*#\1#; s#[[:space:]]//.*##' |
    grep -E "$pattern" || true
}

# $1 must not include what is in the other rooms named.
check_arrows() {
  local room=$1 other
  shift
  for other in "$@"; do
    report "$room must not know $other" \
      < <(matches "#include \"$other/" "$room")
  done
}

check() {
  cd "$1"
  check_arrows db jobs stores tests
  check_arrows stores db jobs tests
  check_arrows telemetry db jobs stores tests
  check_arrows jobs tests
  report "SQL stands in db only" < <(matches "$sql" jobs stores telemetry)
  report "only db speaks to libpq" \
    < <(matches '#include <(postgresql/)?libpq' jobs stores telemetry)
  report "over 400 lines" < <(sources_in "${rooms[@]}" tests |
    xargs wc -l | awk '$2 != "total" && $1 > 400 {print $2}')
  report "a header begins with #pragma once" < <(
    find "${rooms[@]}" tests -name '*.hpp' -exec grep -L '^#pragma once' {} +)
  [[ $offences -eq 0 ]]
}

# A tree in which $1 holds $2 must not pass.
expect_offence() {
  local tree room
  tree=$(mktemp -d)
  for room in "${rooms[@]}" tests; do
    mkdir "$tree/$room"
    echo 'int innocent();  // SELECT is a word' >"$tree/$room/innocent.cpp"
  done
  if [[ -n $1 ]]; then
    echo "$2" >"$tree/$1"
  fi
  local status=0
  (check "$tree") >/dev/null || status=$?
  rm -rf "$tree"
  if [[ -n $1 && $status -eq 0 ]]; then
    report "not found" <<<"$2 in $1"
  elif [[ -z $1 && $status -ne 0 ]]; then
    report "found an offence" <<<"in an innocent tree"
  fi
}

self_test() {
  expect_offence '' ''
  expect_offence db/a.cpp '#include "stores/store.hpp"'
  expect_offence db/a.cpp '#include "jobs/options.hpp"'
  expect_offence stores/a.cpp '#include "db/session.hpp"'
  expect_offence stores/a.cpp '#include "jobs/options.hpp"'
  expect_offence telemetry/a.cpp '#include "jobs/options.hpp"'
  expect_offence telemetry/a.cpp '#include "db/error.hpp"'
  expect_offence telemetry/a.cpp '#include "stores/store.hpp"'
  expect_offence jobs/a.cpp '#include "tests/support/test_database.hpp"'
  expect_offence jobs/a.cpp 'auto query = "DELETE FROM projects";'
  expect_offence stores/a.cpp 'auto query = "SELECT id FROM projects";'
  expect_offence telemetry/a.cpp 'auto query = "INSERT INTO projects";'
  expect_offence jobs/a.cpp 'auto query = "UPDATE projects SET id = 1";'
  expect_offence jobs/a.cpp '#include <libpq-fe.h>'
  expect_offence tests/a.cpp "$(yes 'int line;' | head -n 401 || true)"
  expect_offence jobs/a.hpp 'int unguarded();'
  [[ $offences -eq 0 ]]
}

case ${1:-} in
  --self-test) self_test ;;
  '') echo "usage: tests/structure_test.sh ROOT | --self-test" >&2; exit 2 ;;
  *) check "$1" ;;
esac
