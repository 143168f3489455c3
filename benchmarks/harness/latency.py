"""One way at work under the foreground: how long others waited meanwhile, and
what it left behind."""

import bisect
import dataclasses
import json
import os
import subprocess
import time
from typing import Callable

from . import data, measure
from .pgbench import Load
from .ways import janitor, WAYS as PEERS

# Seconds for caches, connections, and VACUUM's first visit to a fresh copy, with
# which p99 before was twice what it is.
WARM_UP = 65
DATABASE = 'bench'
# What somebody waits for; the rest is GitLab's own work.
USERS = ('create', 'read')
TABLES = ('ci_pipeline_artifacts', 'ci_deleted_objects', 'project_statistics')
SUMS = f'''
SELECT json_build_object(
    'wal_bytes', pg_current_wal_insert_lsn() - '0/0',
    'dead_rows', (SELECT sum(n_tup_del + n_tup_upd) FROM pg_stat_user_tables
                  WHERE relname IN {TABLES}),
    'vacuums', (SELECT sum(autovacuum_count) FROM pg_stat_user_tables
                WHERE relname IN {TABLES}),
    'index_bytes', (SELECT sum(pg_indexes_size(relid))
                    FROM pg_stat_user_tables WHERE relname IN {TABLES}));'''
# One line each half second: when, seconds, bytes.
LAG = '''SELECT extract(epoch FROM clock_timestamp()),
    coalesce(extract(epoch FROM replay_lag), 0),
    pg_current_wal_lsn() - replay_lsn FROM pg_stat_replication \\watch 0.5
'''


@dataclasses.dataclass(frozen=True)
class Way:
    """command gets the store, and is none where nobody is at work; kept: rows
    that it may leave to a later run (jobs/left_edge.hpp)."""
    label: str
    command: Callable[[str], list | None]
    kept: int = 0


NO_LIMITS = [word for name in ('load', 'replica-lag', 'dead-rows', 'lock-waits',
                               'transaction-age', 'unarchived')
             for word in (f'--max-{name}', '0')]

# The files are somewhere else: who removes them takes nothing from the server.
WAYS = {
    'nobody': Way('nobody', lambda store: None),
    'ours': Way('ci-janitor', lambda store: janitor(
        'unlocked', '--prune', 'none')(store, '', 0), kept=200),
    'unlimited': Way('ci-janitor without limits', lambda store: janitor(
        'unlocked', '--prune', 'none', *NO_LIMITS)(store, '', 0)),
    'psql': Way('the psql loop, 1,000 rows a statement',
                lambda store: PEERS['psql'].command(store, '', 0))}


class LagWatch:
    """How far the standby is behind, by a session of its own."""

    def __init__(self, server, directory):
        self.path = os.path.join(directory, 'lag')
        self.server = server

    def __enter__(self):
        with open(self.path, 'w', encoding='utf-8') as out:
            self.process = subprocess.Popen(
                ['psql', '-qXAt', '-F', ' '], env=self.server.environment,
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL,
                text=True)
        self.process.stdin.write(LAG)
        self.process.stdin.close()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def between(self, begin, end):
        """The furthest: (seconds, bytes)."""
        with open(self.path, encoding='utf-8') as file:
            lines = [line.split() for line in file if line.strip()]
        seen = [(float(seconds), int(size)) for when, seconds, size in lines
                if begin <= float(when) <= end]
        return ([max(values) for values in zip(*seen)] if seen else [0, 0])


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def about(times):
    """Of some transactions' milliseconds; those that failed have none."""
    ordered = sorted(took for took in times if took is not None)
    if not ordered:
        return {'count': 0, 'failed': len(times)}
    return {'count': len(ordered), 'failed': len(times) - len(ordered),
            'p50': round(quantile(ordered, 0.5), 3),
            'p99': round(quantile(ordered, 0.99), 3),
            'slowest': round(ordered[-1], 3)}


def by_kind(transactions, begin, end):
    """Of those that were due then; in the order in which they were due."""
    due = [each[0] for each in transactions]
    part = transactions[bisect.bisect_left(due, begin):
                        bisect.bisect_right(due, end)]
    kinds = {'all': about([took for _, _, took in part]),
             'users': about([took for _, kind, took in part if kind in USERS])}
    for kind in sorted({kind for _, kind, _ in part}):
        kinds[kind] = about([took for _, name, took in part if name == kind])
    return kinds


def series(transactions, begin):
    """The slowest of each second, for the plot."""
    slowest = {}
    for due, _, took in transactions:
        second = int(due - begin)
        slowest[second] = max(slowest.get(second, 0), took or 0)
    return sorted(slowest.items())


class Rounds:
    """Runs ways, each on a fresh copy, and says what came of it."""

    def __init__(self, primary, standby, work, directory, mixes, before, after):
        """before, after: seconds in which nobody is at work."""
        self.primary, self.standby = primary, standby
        self.work, self.directory = work, directory
        self.mixes, self.before, self.after = mixes, before, after

    def run(self, way, seed):
        """Where nobody is at work, that is measured for as long as the time
        before it."""
        self._prepare()
        loads = {name: Load(getattr(self, name), DATABASE, mix, self.directory,
                            name) for name, mix in self.mixes.items()}
        largest = {name: self.primary.sql(f'SELECT max(id) FROM {table}',
                                          DATABASE)
                   for name, table in (('projects', 'projects'),
                                       ('pipelines', 'ci_pipelines'))}
        with LagWatch(self.primary, self.directory) as lag:
            try:
                for load in loads.values():
                    load.start(86400, largest, seed)
                found = self._phases(way, loads, lag)
            finally:
                for load in loads.values():
                    load.stop()
        return found

    def _prepare(self):
        self.work.fresh('headline')
        self.standby.catch_up()
        for table in data.WARM[:3]:
            self.standby.sql(f'SELECT count(*) FROM {table}', DATABASE)

    def _sums(self):
        return json.loads(self.primary.sql(SUMS, DATABASE))

    def _phases(self, way, loads, lag):
        command = way.command(self.work.store)
        time.sleep(WARM_UP)
        start = time.time()
        time.sleep(self.before)
        before, begin = self._sums(), time.time()
        measured = self._work(command)
        end, after = time.time(), self._sums()
        time.sleep(self.after)
        over, last = time.time(), self._sums()
        left = self.work.count(f'ci_pipeline_artifacts WHERE {data.EXPIRED}')
        if command and left > way.kept:
            raise RuntimeError(f'{command} has left {left} rows')
        found = {'seconds': round(end - begin, 3),
                 'peak_mib': measured.get('peak_mib'),
                 'vacuums': last['vacuums'] - before['vacuums']}
        found |= {name: after[name] - before[name]
                  for name in ('wal_bytes', 'dead_rows', 'index_bytes')}
        return found | self._waits(loads, lag, {'before': (start, begin),
                                                'during': (begin, end),
                                                'after': (end, over)})

    def _work(self, command):
        if command:
            return measure.run(
                command, self.primary.environment | {'PGDATABASE': DATABASE},
                self.directory)
        time.sleep(self.before)
        return {}

    def _waits(self, loads, lag, phases):
        seen = {name: load.result() for name, load in loads.items()}
        found = {'series': {name: series(each, phases['during'][0])
                            for name, each in seen.items()}}
        for phase, (first, last) in phases.items():
            found[phase] = {name: by_kind(each, first, last)
                            for name, each in seen.items()}
            found[phase]['lag_s'], found[phase]['lag_bytes'] = lag.between(
                first, last)
        return found
