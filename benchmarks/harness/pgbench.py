"""A foreground: what a live GitLab asks of these tables, at a fixed rate."""

import dataclasses
import glob
import os
import subprocess
import time

SCRIPTS = 'benchmarks/foreground'
CLIENTS = 8
# What pgbench writes at a time: its last lines are lost when it is ended.
LINES_AT_A_TIME = 4096 / 38


@dataclasses.dataclass(frozen=True)
class Mix:
    """So much of each script, and transactions a second of all."""
    weights: dict
    rate: float


def mixes(rate):
    """Two thirds of the rate go to the primary.  GitLab asks its own questions
    less often; so many are needed to tell their p99."""
    return {'primary': Mix({'create': 12, 'read': 24, 'expired': 1, 'lease': 2,
                            'ready': 1}, rate * 2 / 3),
            'standby': Mix({'read': 18, 'expired': 1, 'due': 1}, rate / 3)}


class Load:
    """One pgbench.  It counts each transaction from when it was due, as a user
    does: whoever waits for one before it waits as well."""

    def __init__(self, server, database, mix, directory, name):
        self.mix = mix
        self.log = os.path.join(directory, f'{name}.log')
        self.errors = os.path.join(directory, f'{name}.err')
        self.server, self.database = server, database

    def start(self, seconds, largest, seed):
        """largest: the ids that scripts choose from."""
        for old in glob.glob(self.log + '.*'):
            os.remove(old)
        command = ['pgbench', '-n', '-c', str(CLIENTS), '-j', '1', '-R',
                   f'{self.mix.rate:.2f}', '-T', str(seconds), '--log',
                   f'--log-prefix={self.log}', f'--random-seed={seed}']
        for name, value in largest.items():
            command += ['-D', f'{name}={value}']
        for script, weight in self.mix.weights.items():
            command += ['-f', f'{SCRIPTS}/{script}.sql@{weight}']
        with open(self.errors, 'w', encoding='utf-8') as errors:
            self.process = subprocess.Popen(
                command + [self.database], env=self.server.environment,
                stdout=errors, stderr=errors)

    def stop(self):
        """Before its time, if it is not over."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()

    def result(self):
        """Its transactions; it must not have ended by itself."""
        if self.process.poll() is not None:
            with open(self.errors, encoding='utf-8') as file:
                raise RuntimeError(f'pgbench failed: {file.read()[-2000:]}')
        time.sleep(LINES_AT_A_TIME / self.mix.rate)
        self.stop()
        return sorted(self._transactions(), key=lambda each: each[0])

    def _transactions(self):
        """(when it was due, its script, milliseconds or None if it failed)."""
        names = list(self.mix.weights)
        for path in glob.glob(self.log + '.*'):
            with open(path, encoding='utf-8') as file:
                for line in file:
                    fields = line.split()
                    if len(fields) < 7:
                        continue  # the last one
                    end = int(fields[4]) + int(fields[5]) / 1e6
                    if fields[2].isdigit():
                        took = int(fields[2])
                        yield (end - took / 1e6, names[int(fields[3])],
                               took / 1000)
                    else:
                        yield end, names[int(fields[3])], None
