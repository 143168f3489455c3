"""One round: a world, runs of the program, a live GitLab, faults; then a clean
run, and the checker."""

import heapq
import itertools
import os
import signal
import subprocess
import time

from .checker import Checker, Violation
from .kinds import KINDS
from .proxy import Proxy
from .servers import DATABASE, PROGRAM_ROLE, as_user
from .world import World
from .writer import Writer

# Once all is healed, a run ends in so many seconds: its own limit is 12, and
# it gives a store that does not answer a minute.
PATIENCE = 90
# The clean run has no limit: at idle priority it was seen to need a minute.
PATIENCE_WITH_CLEAN = 600
DISTURBING = ('AWS_', 'CI_JANITOR_', 'JANITOR_', 'PG', 'XDG_', 'HTTP_PROXY',
              'HTTPS_PROXY', 'http_proxy', 'https_proxy')


class Run:
    """The program, once."""

    def __init__(self, round_, options, number):
        self.number = number
        self.log = os.path.join(round_.directory, f'run-{number}.log')
        self.allowed = {0}
        self.status = None
        command = [round_.program, 'run']
        for name, value in options.items():
            command += [name, str(value)]
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(
                as_user(command), env=round_.environment, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True)

    @property
    def is_live(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds):
        """\\return whether it has ended."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.status = code if code >= 0 else 128 - code
        return True

    def said(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return file.read()


class Round:
    def __init__(self, servers, plan, program, directory):
        self.servers = servers
        self.plan = plan
        self.program = program
        self.directory = directory
        self.traits = plan['traits']
        self.world = World(servers, plan['seed'], self.traits)
        self.runs = []
        self.options = itertools.cycle(plan['runs'])
        self.going_on = []  # faults that have not ended
        self.injected = {}
        self.violations = []
        self.object_faults = self.redis_faults = 0

    def prepare(self):
        os.makedirs(self.directory, exist_ok=True)
        self.world.make()
        self._open_network()
        self.writer = Writer(self.world, self.plan['seed'],
                             self.traits['pace'])

    def play(self):
        """\\return what goes into the results."""
        began = time.monotonic()
        self.prepare()
        self.writer.start()
        try:
            self.start_run()
            self._hurt()
            self._end_runs()
            self.writer.stop()
            self._judge()
        finally:
            self.close()
        return {'seed': self.plan['seed'],
                'seconds': round(time.monotonic() - began, 2),
                'faults': self.injected, 'deeds': self.writer.deeds,
                'statuses': [run.status for run in self.runs],
                'refusals': [last_line(run) for run in self.runs
                             if run.status in (69, 78)],
                'violations': [str(found) for found in self.violations]}

    def forget(self):
        """Nothing is left of it."""
        self.world.close()

    # --- what it needs -------------------------------------------------------

    def _open_network(self):
        server = (self.servers.pooler.socket if self.traits['pooled'] else
                  os.path.join(self.servers.postgres.place, '.s.PGSQL.5432'))
        self.proxy = Proxy(server, os.path.join(self.servers.network,
                                                '.s.PGSQL.6432'))
        self.bucket_proxy = None
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(DISTURBING)} | {
                'PGHOST': self.servers.network, 'PGPORT': '6432',
                'PGUSER': PROGRAM_ROLE, 'PGDATABASE': DATABASE,
                'TMPDIR': self.servers.disk.directory}
        if self.traits['bucket']:
            self.bucket_proxy = Proxy(self.servers.swift.port)
            self.environment |= {
                'AWS_ACCESS_KEY_ID': self.servers.swift.access_key,
                'AWS_SECRET_ACCESS_KEY': self.servers.swift.secret_key,
                'CI_JANITOR_OBJECT_STORE_PATH_STYLE': 'true',
                'NO_PROXY': '127.0.0.1', 'no_proxy': '127.0.0.1'}

    def _always(self):
        """Options of every run."""
        redises = self.servers.redises
        options = {
            '--local-store': self.world.store, '--trace-settle': 0,
            '--redis': f'unix://{redises["chunks"].socket}',
            '--redis-shared-state': f'unix://{redises["shared"].socket}',
            '--max-drop': 100_000, '--max-fraction': 1,
            '--archive-store': self.traits['archive'],
            '--output': 'json', '--progress': 'none', '--log-level': 'debug'}
        if self.traits['bucket']:
            options |= {
                '--object-store': f's3://{self.world.bucket.name}/gitlab',
                '--object-store-endpoint':
                    f'http://127.0.0.1:{self.bucket_proxy.address}'}
        return options

    # --- runs ----------------------------------------------------------------

    def start_run(self):
        return self._start(next(self.options))

    def _start(self, options):
        run = Run(self, self._always() | options, len(self.runs))
        if self.world.problems:
            run.allowed.add(3)
        for fault in self.going_on:
            run.allowed |= set(fault.allows)
        self.runs.append(run)
        return run

    def signal_one(self, chance, number, fault):
        """\\return the run; False if none is live."""
        live = [run for run in self.runs if run.is_live]
        if not live:
            return False
        run = chance.choice(live)
        run.allowed |= set(fault.allows)
        run.signal(number)
        return run

    # --- faults --------------------------------------------------------------

    def _hurt(self):
        began = time.monotonic()
        events = [(plan['at'], number, None, plan)
                  for number, plan in enumerate(self.plan['faults'])]
        while events:
            at, number, fault, plan = heapq.heappop(events)
            time.sleep(max(0, began + at - time.monotonic()))
            if fault is not None:
                self._end_fault(fault)
            elif fault := self._begin_fault(plan):
                heapq.heappush(events,
                               (at + plan['lasts'], number, fault, plan))

    def _begin_fault(self, plan):
        """\\return it, if it lasts."""
        kind, _ = KINDS[plan['kind']]
        if kind.part and any(kind.part == other.part and other.lasts
                             for other in self.going_on):
            return None
        self._have_a_run(plan)
        fault = kind(self, plan)
        if kind.lasts or kind.stays:
            self.going_on.append(fault)
        for run in self.runs:
            if run.is_live and not kind.hurts_one_run:
                run.allowed |= set(kind.allows)
        if fault.begin() is False:
            if fault in self.going_on:
                self.going_on.remove(fault)
            return None
        self.injected[plan['kind']] = self.injected.get(plan['kind'], 0) + 1
        return fault if kind.lasts else None

    def _have_a_run(self, plan):
        """A fault without a run to feel it shows nothing: the next one comes,
        as a CronJob's would, and gets some way."""
        if not any(run.is_live for run in self.runs):
            self.start_run()
            time.sleep(plan['after'])

    def _end_fault(self, fault):
        fault.end()
        if not fault.stays:
            self.going_on.remove(fault)

    def _end_runs(self):
        self._count_cuts()
        self.proxy.heal()
        if self.bucket_proxy:
            self.bucket_proxy.heal()
        end = time.monotonic() + PATIENCE
        for run in self.runs:
            self.end_run(run, max(0.1, end - time.monotonic()))

    def _count_cuts(self):
        """Not every COMMIT that was to be cut has come."""
        self.injected.pop('COMMIT cut', None)
        if self.proxy.cuts:
            self.injected['COMMIT cut'] = self.proxy.cuts

    def end_run(self, run, patience):
        if not run.wait(patience):
            self._say(f'run {run.number} hangs')
            run.signal(signal.SIGABRT)
            run.wait(None)
        elif run.status not in run.allowed:
            self._say(f'run {run.number} ended with {run.status}, and might '
                      f'with {sorted(run.allowed)}: {last_line(run)}')

    def _say(self, text):
        self.violations.append(Violation(0, text))

    # --- judgement -----------------------------------------------------------

    def _judge(self):
        with self.world.session() as cursor:
            self._await_sessions(cursor)
            self.violations += Checker(self.world, cursor).promises()
            if self.violations:
                return
            self._let_leases_end(cursor)
            self.run_clean(cursor)
            checker = Checker(self.world, cursor)
            checker.promises()
            if not self.violations:
                checker.drained()
            self.violations += checker.found

    @staticmethod
    def _await_sessions(cursor):
        """The server carries out what it was sent, COMMIT included, when the
        program has gone."""
        while True:
            cursor.execute(
                "SELECT FROM pg_stat_activity WHERE usename = 'ci_janitor' "
                "AND datname = current_database() AND state <> 'idle'")
            if cursor.rowcount == 0:
                return
            time.sleep(0.01)

    def _let_leases_end(self, cursor):
        """Stands for ten minutes that pass."""
        cursor.execute(
            'UPDATE ci_deleted_objects SET pick_up_at = now() '
            "WHERE pick_up_at < now() + interval '1 day'")
        for redis in self.servers.redises.values():
            for key in redis.keys('gitlab:exclusive_lease:*'):
                redis.command('DEL', key)

    def run_clean(self, cursor):
        """Whether it may name a lost trace is known afterwards: the job may be
        one that it has dropped itself."""
        run = self._start({'--time-limit': 0, '--statement-timeout': 60_000})
        run.wait(PATIENCE_WITH_CLEAN)
        run.allowed = {3 if self.world.problems or self._lost_traces(cursor)
                       else 0}
        self.end_run(run, 0.1)

    def _lost_traces(self, cursor):
        """Traces that are due, have no archive, and of which nothing is
        left."""
        cursor.execute(
            'SELECT b.id FROM ci_builds AS b WHERE failure_reason = 14 '
            'AND NOT EXISTS (SELECT FROM ci_job_artifacts AS a '
            'WHERE a.job_id = b.id AND a.file IS NOT NULL)')
        due = {job for job, in cursor.fetchall()}
        return [job for job, lost in self.world.lost.items() if job in due
                and len(lost) == len(self.world.traces[job])]

    def close(self):
        self.writer.over.set()
        for fault in list(self.going_on):
            if fault.lasts:
                self._end_fault(fault)
        for run in self.runs:
            if run.is_live:
                run.signal(signal.SIGKILL)
                run.wait(None)
        self.proxy.close()
        if self.bucket_proxy:
            self.bucket_proxy.close()


def last_line(run):
    lines = [line for line in run.said().splitlines()
             if line.strip() and not line.startswith(('{', ' ', '}'))]
    return lines[-1] if lines else 'it said nothing'
