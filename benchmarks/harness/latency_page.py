"""results/foreground.json, the section of benchmarks/README.md and the plot."""

import json
import statistics

from .figures import shown, spread
from .latency import WAYS
from .plots import block, gnuplot
from .readme import put_section, table

PATH = 'benchmarks/results/foreground.json'
KINDS = {
    'all': 'all of it', 'users': 'creating and reading',
    'create': 'creating a pipeline and its artifact',
    'read': 'reading an artifact',
    'expired': "GitLab's query for expired artifacts",
    'lease': "GitLab's lease on deleted objects",
    'ready': "GitLab's count of deleted objects that are due",
    'due': 'the first of them'}
WANTED = 1.2


def keep(document):
    """A run a line, so that a new one changes one line."""
    text = json.dumps(document | {'runs': []}, indent=1).removesuffix('[]\n}')
    with open(PATH, 'w', encoding='utf-8') as file:
        file.write(text + '[\n  ' +
                   ',\n  '.join(map(json.dumps, document['runs'])) +
                   '\n ]\n}\n')


class Rounds:
    def __init__(self, document):
        self.of = {}
        for run in document['runs']:
            self.of.setdefault(run['way'], {})[run['round']] = run

    def values(self, way, metric):
        return [metric(run) for run in self.of[way].values()]

    def ratios(self, way, metric, base):
        """Each run's to its own."""
        return [metric(run) / base(run) for run in self.of[way].values()]


def waits(phase, server, kind, figure):
    def of(run):
        return run[phase][server].get(kind, {}).get(figure)
    return of


def ratio_rows(rounds):
    """To what is after, too: a machine that has become faster shows there."""
    for server in ('primary', 'standby'):
        for phase, base in (('during', 'before'), ('during', 'after'),
                            ('after', 'before')):
            for kind in ('users', 'all'):
                yield [f'{server}, {phase} to {base}: {KINDS[kind]}'] + [
                    spread(rounds.ratios(way, waits(phase, server, kind, 'p99'),
                                         waits(base, server, kind, 'p99')))
                    for way in WAYS]


def medians(rounds, ways, phase, server, kind):
    """p50 / p99 / slowest, of all runs of these ways that have any."""
    texts = []
    for figure in ('p50', 'p99', 'slowest'):
        metric = waits(phase, server, kind, figure)
        values = [value for way in ways for value in rounds.values(way, metric)
                  if value is not None]
        if not values:
            return ''
        texts.append(shown(statistics.median(values)))
    return ' / '.join(texts)


def kind_rows(rounds, server, phase):
    ways = [way for way in WAYS if way != 'nobody']
    for kind, label in KINDS.items():
        alone = medians(rounds, WAYS, 'before', server, kind)
        if alone:
            yield [label, alone] + [medians(rounds, [way], phase, server, kind)
                                    for way in ways]


def left_rows(document, rounds):
    """Of what was written, the foreground's share goes by time."""
    thousands = int(document['rows']) / 1000

    def beside(name):
        alone = statistics.median(rounds.values(
            'nobody', lambda run: run[name] / run['seconds']))
        return lambda run: (run[name] - alone * run['seconds']) / thousands
    metrics = [
        ('seconds', lambda run: run['seconds']),
        ('artifacts a second', lambda run: 1000 * thousands / run['seconds']),
        ('transactions of the foreground meanwhile',
         lambda run: sum(run['during'][server]['all']['count']
                         for server in ('primary', 'standby'))),
        ('WAL bytes, per 1,000', beside('wal_bytes')),
        ('dead rows, per 1,000', beside('dead_rows')),
        ('bytes of index growth, per 1,000', beside('index_bytes')),
        ('standby behind, seconds', lambda run: run['during']['lag_s']),
        ('the same, MB of WAL', lambda run: run['during']['lag_bytes'] / 1e6)]
    for label, metric in metrics:
        yield [label] + [spread(rounds.values(way, metric)) for way in WAYS
                         if way != 'nobody']


def section(document):
    rounds = Rounds(document)
    others = [WAYS[way].label for way in WAYS if way != 'nobody']
    number = len(rounds.of['nobody'])
    yield (f'{int(document["rows"]):,} artifacts (scale {document["scale"]}) '
           f'among {10 * document["around"]:g} million pipelines,')
    yield (f'{document["rate"]:g} transactions a second, '
           f'{document["before"]:g} s before and {document["after"]:g} s '
           'afterwards;')
    yield f'median of {number} rounds (least to most);'
    yield (f'{document["machine"]["cores"]} cores, PostgreSQL '
           f'{document["postgresql"].split()[0]}, nice {document["nice"]}, '
           f'commit {document["commit"]}, {document["date"]}.')
    yield ''
    yield ('**p99 of the foreground to its p99 when nobody is at work**, just '
           'before or afterwards, run by run; wanted')
    yield (f'is at most {WANTED} of ci-janitor as it is. What nobody does '
           'tells how noisy the machine is:')
    yield ''
    yield from table([''] + [way.label for way in WAYS.values()],
                     ratio_rows(rounds))
    for server in ('primary', 'standby'):
        for phase in ('during', 'after'):
            yield f'**The {server}, {phase}**, ms: p50 / p99 / slowest.'
            yield ''
            yield from table(['', 'before'] + others,
                             kind_rows(rounds, server, phase))
    yield ('**What it takes and leaves**, without what the foreground does '
           'itself:')
    yield ''
    yield from table([''] + others, left_rows(document, rounds))
    yield '![The slowest of each second](results/foreground.svg)'


def draw(document):
    """The first round, a panel a way, the run's end marked."""
    text, panels = '', []
    runs = {run['way']: run for run in document['runs'] if run['round'] == 1}
    for way, run in runs.items():
        for server, points in run['series'].items():
            text += block(f'{way}_{server}',
                          [f'{second} {slowest}' for second, slowest in points])
        mark = '' if way == 'nobody' else (
            'set arrow 1 from 0, graph 0 to 0, graph 1 nohead lc "red"\n'
            f'set arrow 2 from {run["seconds"]}, graph 0 to {run["seconds"]}, '
            'graph 1 nohead lc "red"\n')
        panels.append(f'set title "{WAYS[way].label}"\n' + mark +
                      f'plot $' + way + '_primary with steps title "primary", '
                      f'$' + way + '_standby with steps title "standby"\n'
                      'unset arrow\n')
    last = max(run['seconds'] for way, run in runs.items() if way != 'nobody')
    gnuplot(text + f'''
set terminal svg size 720,{220 * len(panels)}
set output "benchmarks/results/foreground.svg"
set multiplot layout {len(panels)},1
set logscale y
set yrange [0.5:*]
set xrange [-5:{last + document["after"]}]
set xlabel "seconds from its start; it is at work between the lines"
set ylabel "slowest of a second, ms"
''' + ''.join(panels) + 'unset multiplot\n')


def write():
    with open(PATH, encoding='utf-8') as file:
        document = json.load(file)
    put_section('foreground', section(document))
    draw(document)
