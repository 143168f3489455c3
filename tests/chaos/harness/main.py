"""The command line, and the workers."""

import argparse
import fcntl
import multiprocessing
import os
import queue
import random
import signal
import sys
import time
import traceback

from .results import Results, summarise, tell
from .self_test import SelfTest
from .worker import Servers, Worker


def parse():
    parser = argparse.ArgumentParser(
        prog='./dev chaos', description='Rounds of chaos: real runs on a world '
        'that goes wrong, then a look whether every promise holds.')
    add = parser.add_argument
    add('--minutes', type=float, help='play for so long (default: 2)')
    add('--rounds', type=int, help='play until there are so many in all, those '
        'of earlier calls counted')
    add('--seed', type=int, help='play this round alone, again')
    add('--workers', type=int, default=1, help='so many side by side')
    add('--keep-going', action='store_true', help='also after a violation')
    add('--self-test', action='store_true', help='break each promise once, by '
        'hand, and see the checker find it')
    add('--program', default='build/ci-janitor', help='another build of it')
    add('--directory', default='build/chaos', help='where all is kept')
    options = parser.parse_args()
    if options.minutes is None and options.rounds is None:
        options.minutes = 2
    return options


def work(options, number, seeds, answers):
    """The process of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.umask(0)  # the program is another user, and removes what we make
    place = os.path.realpath(options.directory)
    try:
        with Servers(os.path.join(place, f'worker-{number}')) as servers:
            worker = Worker(servers, options.program, place)
            while (seed := take(seeds)) is not None:
                answers.put(worker.play(seed))
    except BaseException:
        answers.put({'broken': traceback.format_exc()})


def take(seeds):
    """\\return None where whoever hands them out has gone."""
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            return seeds.get(timeout=1)
        except queue.Empty:
            pass
    return None


class Play:
    """Hands seeds out to the workers, and takes what they found."""

    def __init__(self, options):
        self.options = options
        self.results = Results(options.directory)
        self.had = len(self.results.read())
        self.end = (time.monotonic() + 60 * options.minutes
                    if options.minutes else float('inf'))
        self.seeds = multiprocessing.Queue()
        self.answers = multiprocessing.Queue()
        self.played = []
        self.handed = 0
        self.broken = False
        self.interrupted = False

    def run(self):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.workers = [multiprocessing.Process(
            target=work, args=(self.options, number, self.seeds, self.answers))
            for number in range(self.options.workers)]
        for worker in self.workers:
            worker.start()
        under_way = sum([self._hand_out() for _ in self.workers])
        while under_way:
            under_way += self._take() - 1
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for worker in self.workers:
            worker.join()

    def _next_seed(self):
        """\\return None when it is enough."""
        if self.options.seed is not None:
            return self.options.seed if self.handed == 0 else None
        enough = (self.options.rounds is not None
                  and self.had + self.handed >= self.options.rounds)
        if enough or time.monotonic() >= self.end or self._must_stop():
            return None
        return random.SystemRandom().randrange(1, 1 << 31)

    def _must_stop(self):
        found = any(result['violations'] for result in self.played)
        return (self.broken or self.interrupted
                or found and not self.options.keep_going)

    def _hand_out(self):
        """\\return whether there was one."""
        seed = self._next_seed()
        self.seeds.put(seed)
        self.handed += seed is not None
        return seed is not None

    def _answer(self):
        while True:
            try:
                return self.answers.get(timeout=5)
            except queue.Empty:
                if not any(worker.is_alive() for worker in self.workers):
                    return {'broken': 'all workers have died'}

    def _take(self):
        """\\return whether its worker has another round to play."""
        try:
            result = self._answer()
        except KeyboardInterrupt:
            print('this round is the last one', flush=True)
            self.interrupted = True
            return 1  # it is still under way
        if 'broken' in result:
            print(result['broken'], file=sys.stderr)
            self.broken = True
            return 0
        self.played.append(result)
        if self.options.seed is None:
            self.results.add(result)
        tell(result)
        return self._hand_out()


def self_test(options):
    os.umask(0)
    place = os.path.realpath(options.directory)
    with Servers(os.path.join(place, 'self-test')) as servers:
        worker = Worker(servers, options.program, place)
        test = SelfTest(servers, worker.program,
                        os.path.join(place, 'self-test-round'))
        failures = test.run()
    for failure in failures:
        print(failure)
    print(f'{test.count} promises broken, {len(failures)} not found',
          flush=True)
    return 1 if failures else 0


def play(options):
    rounds = Play(options)
    rounds.run()
    summarise(rounds.played)
    if options.seed is None and rounds.had:
        print('\nWith those of earlier calls:')
        summarise(rounds.results.read())
    found = any(result['violations'] for result in rounds.played)
    return 1 if found or rounds.broken else 0


def main():
    options = parse()
    os.makedirs(options.directory, exist_ok=True)
    with open(os.path.join(options.directory, 'lock'), 'w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f'another call is using {options.directory}: wait until '
                     'it ends, or name another --directory')
        return do(options)


def do(options):
    if options.self_test and self_test(options) != 0:
        return 1
    return 0 if options.self_test else play(options)
