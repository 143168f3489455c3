"""All that a round leaves to chance, told by its seed before it begins.  What
can't be told is what the program is at when a fault comes: that is up to the
machine."""

import random

from .kinds import KINDS

HORIZON = 1.6  # seconds within which faults begin


def make_plan(seed, able):
    """\\param able of 'disk' and 'bucket', what there is on this machine."""
    chance = random.Random(f'plan {seed}')
    traits = {
        'scale': chance.choice([1, 1, 1, 2]),
        'bucket': chance.random() < 0.4,
        'pooled': chance.random() < 0.6,
        'problems': chance.random() < 0.4,
        'pace': chance.choice([0.01, 0.05, 0.3]),
    }
    traits['archive'] = ('object' if traits['bucket'] and chance.random() < 0.4
                         else 'local')
    runs = [options(chance) for _ in range(6)]
    there = set(able) if traits['bucket'] else set(able) - {'bucket'}
    return {'seed': seed, 'traits': traits, 'runs': runs,
            'faults': faults(chance, there)}


def options(chance):
    return {
        '--batch-size': chance.choice([3, 10, 40]),
        '--window-size': chance.choice([5, 20, 100]),
        '--wave-size': chance.choice([1, 5, 100]),
        '--concurrency': chance.choice([1, 2, 4, 6]),
        '--statement-timeout': chance.choice([2000, 4000]),
        '--lock-timeout': chance.choice([20, 100, 300]),
        '--max-rate': chance.choice([0, 100, 200, 400]),
        '--max-load': chance.choice([0, 4, 200]),
        '--time-limit': chance.choice([2, 6, 12]),
        '--prune': chance.choice(['leaf', 'all', 'none']),
    }


def faults(chance, there):
    kinds = {name: (kind, often) for name, (kind, often) in KINDS.items()
             if there >= set(kind.needs)}
    names = chance.choices(list(kinds), [often for _, often in kinds.values()],
                           k=chance.randint(1, 7))
    planned = []
    for name in names:
        kind, _ = kinds[name]
        fault = {'kind': name, 'at': round(chance.random() * HORIZON, 3),
                 'after': round(chance.random() * 0.6, 3),
                 'salt': chance.getrandbits(32)}
        if kind.lasts:
            fault['lasts'] = round(chance.uniform(*kind.lasts), 3)
        planned.append(fault | kind.numbers(chance))
    return sorted(planned, key=lambda fault: fault['at'])
