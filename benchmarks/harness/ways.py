"""The program and its peers, as commands."""

import dataclasses
from typing import Callable

PEERS = 'benchmarks/peers'


@dataclasses.dataclass(frozen=True)
class Way:
    """command gets the store, the list of its files and how many rows a way
    with a limit is to do."""
    label: str
    command: Callable[[str, str, int], list]
    slow: bool = False      # runs on fewer rows; its rate counts
    files: bool = True      # removes the files as well
    empties: bool = True    # leaves nothing that has expired
    kept: int = 0           # but for so many, where somebody else is at work


def janitor(passes, *options):
    return lambda store, listed, rows: [
        'build/ci-janitor', 'run', '--passes', passes, '--local-store', store,
        '--time-limit', '0', '--max-fraction', '1', '--accept-missing',
        '--progress', 'none', '--log-level', 'error', '--output', 'json',
        *options]


def psql(*words):
    return ['psql', '-qXAt', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', *words]


def ruby(script, *words):
    return ['ruby', '-W0', f'{PEERS}/{script}', *words]


LEGACY_QUERY = """SELECT a.* FROM ci_pipeline_artifacts a
    JOIN ci_pipelines p ON p.id = a.pipeline_id
    WHERE p.locked = 0 AND a.expire_at < now() AND a.locked <> 0 LIMIT 100"""

WAYS = {
    'ours': Way('ci-janitor', janitor('unlocked', '--prune', 'none'), kept=200),
    'statement': Way(
        'one statement of the same row work, then unlink',
        lambda store, listed, rows: [f'{PEERS}/single_statement.sh', store,
                                     listed]),
    'statement_forget': Way(
        'the same, and its queue entries deleted once the files are gone',
        lambda store, listed, rows: [f'{PEERS}/single_statement.sh', store,
                                     listed, 'forget']),
    'psql': Way('a psql loop by ctid, 1,000 rows a statement, `xargs rm`',
                lambda store, listed, rows: [f'{PEERS}/psql_loop.sh', store]),
    'psql_100': Way('the same, 100 rows a statement',
                    lambda store, listed, rows: [f'{PEERS}/psql_loop.sh', store,
                                                 '100']),
    'by_id': Way("pt-archiver's way, then `xargs rm`",
                 lambda store, listed, rows: [f'{PEERS}/by_id_loop.sh', store]),
    'ruby': Way("GitLab's service in Ruby, indexed query",
                lambda store, listed, rows: ruby(
                    'gitlab_artifacts.rb', 'indexed', store, str(rows)),
                slow=True, empties=False),
    'ruby_legacy': Way("GitLab's service in Ruby, legacy join",
                       lambda store, listed, rows: ruby(
                           'gitlab_artifacts.rb', 'legacy', store,
                           str(max(100, rows // 10))),
                       slow=True, empties=False),
    'delete': Way('one DELETE (pg_cron), files left',
                  lambda store, listed, rows: psql(
                      '-f', f'{PEERS}/single_delete.sql'), files=False),
    'legacy': Way('ci-janitor, legacy pass, reading only',
                  janitor('legacy', '--max-resolve', '0'), files=False,
                  empties=False),
    'legacy_planner': Way("GitLab's legacy query, as the planner runs it",
                          lambda store, listed, rows: psql('-c', LEGACY_QUERY),
                          files=False, empties=False),
    'legacy_nested': Way(
        "GitLab's legacy query, by a forced nested loop",
        lambda store, listed, rows: psql(
            '-c', 'SET enable_hashjoin = off', '-c',
            'SET enable_mergejoin = off', '-c', LEGACY_QUERY),
        files=False, empties=False),
    'builds': Way('ci-janitor', janitor(
        'builds', '--max-drop', '10000000'), files=False, empties=False),
    'abort': Way("AbortPipelinesService's bulk UPDATE",
                 lambda store, listed, rows: psql('-f', listed), files=False,
                 empties=False),
    'ruby_builds': Way("GitLab's service in Ruby",
                       lambda store, listed, rows: ruby(
                           'gitlab_builds.rb', store, str(rows)),
                       slow=True, files=False, empties=False),
    'builds_traces': Way('ci-janitor, with traces', janitor(
        'builds,traces', '--max-drop', '10000000', '--trace-settle', '0'),
        files=False, empties=False),
    'ruby_builds_traces': Way("GitLab's service in Ruby, with traces",
                              lambda store, listed, rows: ruby(
                                  'gitlab_builds.rb', store, str(rows),
                                  'traces'),
                              slow=True, files=False, empties=False),
}
