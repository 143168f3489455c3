# Ask the test program for its test cases, and write them down for ctest, each
# with a label made from its tags:
#
#     unit      needs nothing
#     s3        needs tests/support/rgw with DIR tests/support/swift with DIR ctest
#     postgres  needs tests/support/postgres with DIR ctest, and perhaps those too
#     program   drives the built programs; not run under the sanitizers
#     slow      takes more than some seconds; not run by ./dev test --quick
#     long      takes minutes; run by ./dev test --all only
#
# Tests that are no test cases have the labels structure and cluster (k8s/, docs/
# and the package; in tests/CMakeLists.txt), besides slow or long.
#
# A test case with several of these tags gets the label that stands last here.
# Besides, each of these tags is a label of its own:
#
#     schemas   also run on other tables than db/schema.sql's: ./dev test runs
#               these once more for each schema (see tests/support/schema_era.hpp)
#     locks     wants artifacts that know their lock, and so an unlocked pass;
#               not run on 13.12, and neither is one with a tag below
#     queues    wants ci_pending_builds and ci_running_builds
#     metadata  wants ci_build_trace_metadata
#     orphans   wants rows that outlive their project, as no foreign key lets them
#
#     cmake -Dprogram=… -Dlist=FILE [-Dtogether=ON] -P list_tests.cmake

cmake_minimum_required(VERSION 3.25)

# A semicolon or a bracket parts or joins the items of CMake's lists: between
# the program and the list they travel as characters that no name holds.
string(ASCII 1 semicolon)
string(ASCII 2 opening)
string(ASCII 3 closing)

set(specification_long "[long]")
set(specification_slow "[slow]~[long]")
set(specification_program "[program]~[slow]~[long]")
set(specification_postgres "[postgres]~[program]~[slow]~[long]")
set(specification_s3 "[s3]~[postgres]~[program]~[slow]~[long]")
set(specification_unit "~[s3]~[postgres]~[program]~[slow]~[long]")

# The names of the test cases of a specification, one an item.
function(list_names specification result)
  # The exit status is the number of test cases, modulo 256, so that it says
  # nothing; a crash is a word in its place.
  execute_process(
    COMMAND "${program}" --list-test-names-only "${specification}"
    OUTPUT_VARIABLE names RESULT_VARIABLE status ERROR_VARIABLE complaint)
  if(NOT status MATCHES "^[0-9]+$" OR complaint)
    message(FATAL_ERROR "${program} can't list its tests: ${status}\n"
      "${complaint}")
  endif()

  string(REPLACE ";" "${semicolon}" names "${names}")
  string(REPLACE "[" "${opening}" names "${names}")
  string(REPLACE "]" "${closing}" names "${names}")
  string(REGEX REPLACE "\n+" ";" names "${names}")
  list(FILTER names EXCLUDE REGEX "^$")
  set(${result} "${names}" PARENT_SCOPE)
endfunction()

foreach(label schemas locks queues metadata orphans)
  list_names("[${label}]" names_${label})
endforeach()

set(script "")
set(labels unit s3 postgres program slow long)
if(together)
  # A start takes a sanitizer 0.4 s, for a test of a few milliseconds.
  list(REMOVE_ITEM labels unit)
  string(APPEND script
    "add_test([==[unit tests, in one process]==] [==[${program}]==]\n"
    "  [==[${specification_unit}]==])\n"
    "set_tests_properties([==[unit tests, in one process]==] PROPERTIES\n"
    "  LABELS unit TIMEOUT 600)\n")

  # Those of a database are dealt out to so many processes.
  list(REMOVE_ITEM labels postgres)
  set(parts 12)
  list_names("${specification_postgres}" names)
  set(part 0)
  foreach(name IN LISTS names)
    string(REPLACE "${semicolon}" ";" name "${name}")
    string(REPLACE "${opening}" "[" name "${name}")
    string(REPLACE "${closing}" "]" name "${name}")
    string(APPEND names_of_${part} "${name}\n")
    math(EXPR part "(${part} + 1) % ${parts}")
  endforeach()
  math(EXPR last "${parts} - 1")
  foreach(part RANGE ${last})
    set(names_file "${list}.${part}")
    file(WRITE "${names_file}" "${names_of_${part}}")
    string(APPEND script
      "add_test([==[tests of a database, part ${part}]==] [==[${program}]==]\n"
      "  --input-file [==[${names_file}]==])\n"
      "set_tests_properties([==[tests of a database, part ${part}]==]\n"
      "  PROPERTIES LABELS postgres TIMEOUT 1200)\n")
  endforeach()
endif()
# What takes long begins first, or one core waits for it at the end.
set(cost_slow 2)
set(cost_long 3)
foreach(label IN LISTS labels)
  list_names("${specification_${label}}" names)
  foreach(name IN LISTS names)
    set(its_labels ${label})
    foreach(more schemas locks queues metadata orphans)
      if(name IN_LIST names_${more})
        string(APPEND its_labels ";${more}")
      endif()
    endforeach()
    string(REPLACE "${semicolon}" ";" name "${name}")
    string(REPLACE "${opening}" "[" name "${name}")
    string(REPLACE "${closing}" "]" name "${name}")
    # What Catch2 would read as more than a name; a dash begins an option.
    string(REGEX REPLACE "([],[\\*\"~]|^-)" "\\\\\\1" pattern "${name}")
    string(APPEND script
      "add_test([==[${name}]==] [==[${program}]==] [==[${pattern}]==])\n"
      "set_tests_properties([==[${name}]==] PROPERTIES LABELS \"${its_labels}\"\n"
      "  TIMEOUT 600 COST 0${cost_${label}})\n")
  endforeach()
endforeach()
file(WRITE "${list}" "${script}")
