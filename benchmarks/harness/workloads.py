"""What is run beside what, on which data, under which circumstances."""

import contextlib
import os
import sys

from . import data, measure, server as servers
from .ways import PEERS, WAYS


def say(text):
    print(f'bench: {text}', file=sys.stderr, flush=True)


class Bench:
    """Every run is appended to the results as soon as it is over.  Round 0 is
    watched, the others are timed."""

    def __init__(self, server, directory, store, scale, repetitions):
        self.server = server
        self.directory = directory
        self.data = data.Data(server, directory, store)
        self.scale = scale
        self.repetitions = repetitions
        self.runs = []

    def rows_of_slow_ways(self):
        """Enough for some seconds of what does a thousand a second."""
        return max(200, int(self.scale * 6000) // 100 * 100)

    def rounds(self, workload, one_round, watched=True):
        for number in range(0 if watched else 1, self.repetitions + 1):
            say(f'{workload}, ' + (f'round {number} of {self.repetitions}'
                                   if number else 'watched'))
            one_round(number)

    def compare(self, workload, ways, template, watched=True, **circumstances):
        """A B A B: each round takes all ways in turn."""
        def one_round(number):
            for way in ways:
                self.run(workload, way, template, number, **circumstances)
        self.rounds(workload, one_round, watched)

    def run(self, workload, way, template, number, *, name=None, snapshot=False,
            environment=None, rows=None, cold=False, listed=None, of=None,
            beside=False):
        """of: how many rows there are to do, where a way has no limit; beside:
        somebody else is at work in the watched round."""
        about = WAYS[way]
        beside = beside and number == 0
        self.data.fresh(template)
        if listed is None:
            listed = self.data.expired_files(template)
            self.data.make_files(listed)
        if cold:
            self.data.chill()
        command = about.command(self.data.store, listed,
                                rows or self.rows_of_slow_ways())
        of = of or self.data.count(
            f'ci_pipeline_artifacts WHERE {data.EXPIRED}')
        with (servers.Snapshot(self.server, 'bench') if snapshot
              else contextlib.nullcontext()):
            measured = measure.on_server(
                self.server, 'bench', 1 if snapshot else 0, command,
                self.server.environment | {'PGDATABASE': 'bench'} |
                (environment or {}), self.directory, number == 0, beside)
        self.require_done(way, about, listed, about.kept if beside else 0)
        self.note({'workload': workload, 'way': name or way, 'round': number,
                   'rows': of} | measured)

    def note(self, run):
        run['rows_s'] = round(run['rows'] / run['seconds'], 1)
        self.runs.append(run)

    def require_done(self, way, about, listed, most):
        left = about.empties and self.data.count(
            f'ci_pipeline_artifacts WHERE {data.EXPIRED}')
        files = about.empties and about.files and self.data.files_left(listed)
        if max(left, files) > most:
            raise RuntimeError(f'{way} has left {left} rows and {files} files')


def headline(bench):
    bench.compare('headline', ['ours', 'statement', 'statement_forget', 'psql',
                               'psql_100', 'by_id', 'ruby', 'ruby_legacy',
                               'delete'], 'headline', beside=True)


def disk(bench):
    """The disk's own limit: the same files, and nothing else."""
    def one_round(number):
        listed = bench.data.expired_files('headline')
        bench.data.make_files(listed)
        measured = measure.run(
            ['build/bench-files', 'remove', bench.data.store],
            bench.server.environment, bench.directory, listed)
        with open(listed, encoding='utf-8') as file:
            rows = sum(1 for _ in file)
        bench.note({'workload': 'disk', 'way': 'unlink', 'round': number,
                    'rows': rows} | measured)
    bench.rounds('disk', one_round, watched=False)


def snapshot(bench):
    """ours without one stands in the same rounds, to be compared with."""
    def one_round(number):
        bench.run('snapshot', 'ours', 'headline', number, beside=True)
        for way in ['ours', 'psql', 'psql_100', 'ruby']:
            bench.run('snapshot', way, 'headline', number, snapshot=True,
                      name=f'{way}_snapshot', beside=True)
    bench.rounds('snapshot', one_round)


def thrice(bench):
    """Three times the published artifacts; with the pipelines and the locked
    rows of 0.6 times, so that it fits beside them.  A statement for each way
    alone: those of the loop are 540."""
    published = round(179_750 * bench.scale)
    bench.data.seed('thrice', bench.scale * 0.6)
    bench.server.sql(data.more_expired(3 * published - round(0.6 * published)),
                     'thrice')

    def one_round(number):
        for way in ['ours', 'statement', 'statement_forget']:
            bench.run('thrice', way, 'thrice', number)
        for way in ['ours', 'psql']:
            bench.run('thrice', way, 'thrice', number, snapshot=True,
                      name=f'{way}_snapshot')
    bench.rounds('thrice', one_round, watched=False)
    bench.data.forget('thrice')


def projects(bench):
    for name, change in (('one_project', data.ONE_PROJECT),
                         ('many_projects', data.MANY_PROJECTS)):
        bench.data.derive(name, 'headline', change)
        bench.compare(name, ['ours', 'statement', 'psql', 'ruby'], name,
                      beside=True)
        bench.data.forget(name)


def network(bench):
    """A way that asks for every row waits for every row.  Its statements are
    those that it sends otherwise: nothing is watched."""
    for milliseconds in (1, 10):
        with servers.Delay(f'127.0.0.1:{bench.server.port}',
                           milliseconds) as address:
            host, port = address.split(':')
            bench.compare(f'delay_{milliseconds}', ['ours', 'psql', 'ruby'],
                          'headline', watched=False, rows=200,
                          environment={'PGHOST': host, 'PGPORT': port})


def pooler(bench):
    with servers.Pooler(bench.server) as environment:
        def one_round(number):
            for way in ['ours', 'ruby']:
                bench.run('pooler', way, 'headline', number)
                bench.run('pooler', way, 'headline', number,
                          environment=environment, name=f'{way}_pooler')
        bench.rounds('pooler', one_round, watched=False)


def cold(bench):
    """On a disk, for what lies in memory has nothing to be read from; a copy of
    its own for the database, since a disk is slower to fill."""
    on_disk = servers.Server(os.path.abspath('build/bench/peers-on-disk'))
    try:
        on_disk.start()
        other = Bench(on_disk, bench.directory, bench.data.store,
                      bench.scale / 3, bench.repetitions)
        other.data.seed('cold', other.scale)
        other.compare('cold', ['ours', 'psql', 'ruby'], 'cold', cold=True)
        bench.runs += other.runs
    finally:
        on_disk.remove()


def legacy(bench):
    rows = int(bench.server.sql(
        'SELECT count(*) FROM ci_pipeline_artifacts WHERE expire_at < now() '
        'AND locked <> 0', 'headline'))
    bench.compare('legacy', ['legacy', 'legacy_planner', 'legacy_nested'],
                  'headline', of=rows, listed=os.devnull)


def jobs_of(bench, scale):
    return max(200, round(bench.scale * scale * 33000 / 20) * 20)


def seed_jobs(bench, name, scale):
    jobs = jobs_of(bench, scale)
    bench.data.seed(name, 0.001, jobs)
    statements = os.path.join(bench.directory, 'abort.sql')
    with open(f'{PEERS}/abort_pipelines.sql', encoding='utf-8') as file:
        text = bench.server.sql(file.read(), name)
    with open(statements, 'w', encoding='utf-8') as file:
        file.write(text.replace('\\n', '\n') + '\n')
    return jobs, statements


def builds(bench):
    jobs, statements = seed_jobs(bench, 'jobs', 1)
    os.makedirs(bench.data.store, exist_ok=True)
    bench.compare('builds', ['builds', 'abort', 'ruby_builds'], 'jobs',
                  of=jobs, listed=statements)
    bench.compare('traces', ['builds_traces', 'ruby_builds_traces'], 'jobs',
                  of=jobs, listed=statements)
    bench.data.forget('jobs')


def sizes(bench):
    """The same work at a tenth, at a third and at the whole."""
    for size in (0.1, 1 / 3):
        bench.data.seed(f'size_{size:.2f}', bench.scale * size)
        seed_jobs(bench, f'jobs_{size:.2f}', size)
    seed_jobs(bench, 'jobs_1.00', 1)
    templates = [('size_0.10', 0.1), ('size_0.33', 1 / 3), ('headline', 1)]

    def one_round(number):
        for template, size in templates:
            bench.run('sizes', 'ours', template, number, name=f'ours_{size:.2f}')
            bench.run('sizes', 'legacy', template, number, listed=os.devnull,
                      name=f'legacy_{size:.2f}',
                      of=round(861384 * bench.scale * size))
            bench.run('sizes', 'builds', f'jobs_{size:.2f}', number,
                      listed=os.devnull, name=f'builds_{size:.2f}',
                      of=jobs_of(bench, size))
    bench.rounds('sizes', one_round, watched=False)
    for size in (0.1, 1 / 3, 1):
        bench.data.forget(f'size_{size:.2f}')
        bench.data.forget(f'jobs_{size:.2f}')
