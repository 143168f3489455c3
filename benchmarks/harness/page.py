"""The section of benchmarks/README.md, and the plots."""

import statistics
import subprocess

from . import plots
from .figures import Figures, shown, spread
from .readme import put_section, table
from .ways import WAYS

LABELS = {name: way.label for name, way in WAYS.items()} | {
    'ours_snapshot': 'ci-janitor, under the snapshot',
    'psql_snapshot': 'the psql loop, under the snapshot',
    'psql_100_snapshot': 'the same, 100 rows a statement',
    'ruby_snapshot': "GitLab's service in Ruby, under the snapshot",
    'ours_pooler': 'ci-janitor, through PgBouncer',
    'ruby_pooler': "GitLab's service in Ruby, through PgBouncer",
    'ours_4': 'ci-janitor, 4 connections', 'ours_16': 'ci-janitor, 16',
    'rclone': '`rclone delete`, its default',
    'rclone_16': '`rclone delete --checkers 16 --transfers 16`',
    'curl': '`curl --parallel`, a DELETE each, its default of 50',
}

# Workload, what it is, and beside whom; the first is what the ratios are to.
TABLES = [
    ('headline', 'Expired and unlocked artifacts, with their files', 'ours'),
    ('snapshot', 'The same while another session holds a snapshot from before',
     'ours_snapshot'),
    ('thrice', 'Three times as many, with such a snapshot and without', 'ours'),
    ('one_project', 'The same, all in one project', 'ours'),
    ('many_projects', 'The same, spread over 100,000 projects', 'ours'),
    ('cold', 'The same on a disk, nothing cached', 'ours'),
    ('delay_1', 'The same, 1 ms away', 'ours'),
    ('delay_10', 'The same, 10 ms away', 'ours'),
    ('pooler', 'The same, through PgBouncer', 'ours'),
    ('legacy', 'The legacy pass over expired artifacts that are locked',
     'legacy'),
    ('builds', 'Jobs of blocked users, dropped', 'builds'),
    ('traces', 'The same, and their traces archived', 'builds_traces'),
]

# What must be shown: workload, ours, theirs, metric of the ratio, the bound.
TARGETS = [
    ("GitLab's service in Ruby, indexed query, with files", 'headline', 'ours',
     'ruby', 'rows_s', '>=', 50),
    ('the psql loop, 1,000 rows a statement', 'headline', 'ours', 'psql',
     'rows_s', '>=', 1),
    ('the psql loop, 100 rows a statement', 'headline', 'ours', 'psql_100',
     'rows_s', '>=', 1),
    ('the psql loop under an old snapshot, 1,000 rows a statement', 'snapshot',
     'ours_snapshot', 'psql_snapshot', 'rows_s', '>=', 10),
    ('the psql loop under an old snapshot, 100 rows a statement', 'snapshot',
     'ours_snapshot', 'psql_100_snapshot', 'rows_s', '>=', 10),
    ('the same, three times as many', 'thrice', 'ours_snapshot',
     'psql_snapshot', 'rows_s', '>=', 10),
    ('one statement of the same row work, then unlink: our time to its',
     'headline', 'ours', 'statement', 'seconds', '<=', 1.1),
    ('the same, and its queue entries deleted, as ours are', 'headline', 'ours',
     'statement_forget', 'seconds', '<=', 1.1),
    ('ourselves without the old snapshot: our time to that', 'snapshot',
     'ours_snapshot', 'ours', 'seconds', '<=', 1.1),
    ("the legacy query as one statement: our whole pass to its time", 'legacy',
     'legacy', 'legacy_planner', 'seconds', '<=', 1.3),
    ("GitLab's service in Ruby, builds", 'builds', 'builds', 'ruby_builds',
     'rows_s', '>=', 30),
    ('the bulk UPDATE, builds: our time to its', 'builds', 'builds', 'abort',
     'seconds', '<=', 1.2),
    ('`rclone delete`, 10 ms away', 'objects_10', 'ours_16', 'rclone', 'rows_s',
     '>=', 10),
]


PASSES = {'ours': 'unlocked pass', 'legacy': 'legacy pass',
          'builds': 'builds pass'}


def sizes_of(name):
    return [f'{name}_{size}' for size in ('0.10', '0.33', '1.00')]


def targets(figures):
    for label, workload, ours, theirs, metric, relation, bound in TARGETS:
        if figures.has(workload, ours) and figures.has(workload, theirs):
            ratios = figures.ratios(workload, ours, theirs, metric)
            middle = statistics.median(ratios)
            met = middle >= bound if relation == '>=' else middle <= bound
            yield [label, ('at least ' if relation == '>=' else 'at most ') +
                   f'{bound}', spread(ratios), 'yes' if met else '**no**']


def own_targets(figures):
    """What is wanted of the program whatever others do."""
    p99 = figures.watched('legacy', 'legacy', 'p99_ms')[0]
    if p99:
        yield at_most('p99 of the statements of the legacy pass, ms', 50, p99)
    peaks = [run['peak_mib'] for run in figures.runs if 'pass_seconds' in run]
    if peaks:
        yield at_most('peak memory, the largest of all runs, MiB', 32, max(peaks))
    for name, label in PASSES.items():
        if figures.has('sizes', f'{name}_1.00'):
            yield at_most(f'exponent of the {label} against size', 1.05,
                          figures.exponent('sizes', sizes_of(name)))


def at_most(label, bound, value):
    return [label, f'at most {bound}', shown(value),
            'yes' if value <= bound else '**no**']


def per_thousand(figures, workload, way):
    count, rows = figures.watched(workload, way, 'statements')
    return shown(count * 1000 / rows) if count else ''


def row(figures, workload, way, base):
    def each(metric, scale=1):
        return shown(figures.per_row(workload, way, metric, scale))
    ratio = '1' if way == base else spread(figures.ratios(workload, base, way))
    return [LABELS[way], ratio, spread(figures.values(workload, way, 'rows_s')),
            per_thousand(figures, workload, way),
            shown(figures.watched(workload, way, 'p99_ms')[0]),
            shown(figures.watched(workload, way, 'slowest_ms')[0]),
            shown(figures.watched(workload, way, 'foreground_p99_ms')[0]),
            each('wal_bytes'), each('buffers'), each('dead_rows'), each('cpu', 1e6),
            each('postgres_cpu', 1e6), shown(figures.median(workload, way, 'peak_mib'))]


HEAD = ['', 'ours is so many times as fast', 'rows a second', 'statements per 1,000',
        'p99 ms', 'longest ms', "others' p99 ms", 'WAL bytes a row', 'buffers a row',
        'dead rows a row', 'CPU µs a row: its own', "PostgreSQL's", 'peak MiB']


def ways_of(figures, workload):
    return list(dict.fromkeys(run['way'] for run in figures.runs
                              if run['workload'] == workload))


def server_tables(figures):
    for workload, title, base in TABLES:
        ways = ways_of(figures, workload)
        if ways:
            rows = figures.median(workload, base, 'rows')
            yield f'**{title}**: {rows:,.0f}.'
            yield ''
            yield from table(HEAD, [row(figures, workload, way, base)
                                    for way in ways])
        if workload == 'headline' and figures.has('disk', 'unlink'):
            yield ('The files alone, by one thread that unlinks them: ' +
                   spread(figures.values('disk', 'unlink', 'rows_s')) +
                   ' a second.')
            yield ''


def object_tables(figures):
    for delay in (0, 10):
        workload = f'objects_{delay}'
        if figures.has(workload, 'ours_16'):
            yield f'**Objects of a bucket, {delay} ms away**:'
            yield ''
            yield from table(
                ['', 'ours, by 16, is so many times as fast',
                 'objects a second',
                 'CPU µs an object', 'peak MiB'],
                [[LABELS[way],
                  spread(figures.ratios(workload, 'ours_16', way)),
                  spread(figures.values(workload, way, 'rows_s')),
                  shown(figures.per_row(workload, way, 'cpu', 1e6)),
                  shown(figures.median(workload, way, 'peak_mib'))]
                 for way in ways_of(figures, workload)])


def sizes(figures):
    if not figures.has('sizes', 'ours_1.00'):
        return
    rows = []
    for name, label in PASSES.items():
        ways = sizes_of(name)
        rows.append([label, shown(figures.exponent('sizes', ways))] + [
            f'{figures.median("sizes", way, "rows"):,.0f} in '
            f'{shown(figures.median("sizes", way, "pass_seconds"))} s, '
            f'{shown(figures.median("sizes", way, "peak_mib"))} MiB'
            for way in ways])
    yield '**Cost against size**: the exponent of a power law through three sizes'
    yield 'of the passes alone; 1 is in proportion, and at most 1.05 is wanted.'
    yield ''
    yield from table(['', 'exponent', 'a tenth', 'a third', 'the whole'], rows)
    yield '![Seconds against rows](results/peers-sizes.svg)'
    yield ''


def about(figures):
    machine, versions = figures.document['machine'], figures.document['versions']
    yield (f'{machine["cores"]} cores, {machine["memory_gib"]} GiB, '
           f'Linux {machine["kernel"]}; PostgreSQL')
    yield (f'{versions["postgresql"].split()[0]}, {versions["ruby"][:10]}, '
           f'ActiveRecord {versions["activerecord"]}, {versions["pgbouncer"]},')
    yield (f'{versions["rclone"]}, {versions["curl"]}, '
           f'{" ".join(versions["ceph"].split()[:3])}. Files in memory (tmpfs);')
    yield ', '.join(f'{name} = {value}' for name, value in
                    figures.document['settings'].items()) + '.'
    yield ''
    yield from provenance(figures)


def provenance(figures):
    """One line where all is of one run, as it is unless parts were repeated."""
    stamps = {}
    for name, workload in figures.document['workloads'].items():
        stamp = (f'scale {workload["scale"]:g} of the published figures, median of '
                 f'{workload["repetitions"]} (least to most), commit '
                 f'{workload["commit"]}, {workload["date"]}, {workload["cpu"]}')
        stamps.setdefault(stamp, []).append(name)
    for stamp, names in stamps.items():
        yield (f'{stamp[0].upper()}{stamp[1:]}' +
               ('.' if len(stamps) == 1 else f': {", ".join(names)}.'))
    yield ''


def section(figures):
    yield from about(figures)
    yield '**What must be shown**, ratios taken round by round:'
    yield ''
    yield from table(['beside', 'wanted', 'shown', 'met'],
                     [*targets(figures), *own_targets(figures)])
    if figures.has('headline', 'ours'):
        yield '![Rows a second](results/peers.svg)'
        yield ''
    yield from server_tables(figures)
    yield from object_tables(figures)
    yield from sizes(figures)


def write():
    figures = Figures()
    put_section('peers', section(figures))
    if subprocess.run(['which', 'gnuplot'],
                      stdout=subprocess.DEVNULL).returncode == 0:
        plots.draw(figures)
