"""Figures out of the runs that results/peers.json keeps."""

import json
import math
import statistics

from .results import PATH


class Figures:
    def __init__(self):
        with open(PATH, encoding='utf-8') as file:
            self.document = json.load(file)
        self.runs = [run for workload in self.document['workloads'].values()
                     for run in workload['runs']]

    def of(self, workload, way, watched=False):
        """Runs by their round; the watched one alone, or all others."""
        return {run['round']: run for run in self.runs
                if run['workload'] == workload and run['way'] == way and
                (run['round'] == 0) == watched}

    def has(self, workload, way):
        return bool(self.of(workload, way))

    def values(self, workload, way, metric):
        return [run[metric] for run in self.of(workload, way).values()
                if metric in run]

    def median(self, workload, way, metric):
        return statistics.median(self.values(workload, way, metric))

    def per_row(self, workload, way, metric, scale=1):
        return statistics.median(
            run[metric] * scale / run['rows']
            for run in self.of(workload, way).values())

    def watched(self, workload, way, metric):
        run = self.of(workload, way, watched=True).get(0, {})
        return run.get(metric), run.get('rows')

    def ratios(self, workload, way, to, metric='rows_s'):
        """Round by round."""
        ours, theirs = self.of(workload, way), self.of(workload, to)
        return [ours[number][metric] / theirs[number][metric]
                for number in sorted(ours.keys() & theirs.keys())]

    def exponent(self, workload, ways):
        """Of a power law through the medians: 1 is in proportion to the rows.
        Of the passes alone: what a run takes to start would flatter it."""
        points = [(math.log(self.median(workload, way, 'rows')),
                   math.log(self.median(workload, way, 'pass_seconds')))
                  for way in ways]
        return slope(points)


def slope(points):
    middle = [statistics.mean(values) for values in zip(*points)]
    return (sum((x - middle[0]) * (y - middle[1]) for x, y in points) /
            sum((x - middle[0])**2 for x, _ in points))


def shown(value):
    """Three digits that mean something, and no power of ten."""
    if value is None:
        return ''
    if value == 0:
        return '0'
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f'{value:,.{min(digits, 4)}f}'


def spread(values):
    """Median (least to most)."""
    return (f'{shown(statistics.median(values))} '
            f'({shown(min(values))} to {shown(max(values))})')
