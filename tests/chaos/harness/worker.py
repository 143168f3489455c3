"""A worker: servers of its own, and one round after the other."""

import json
import os
import shutil
import subprocess

from .plan import make_plan
from .round import Round
from .servers import (DATABASE, Disk, Pooler, Postgres, Redis, Swift,
                      make_directory)


class Servers:
    """All that a worker's rounds hurt, each healed by the end of a round."""

    def __init__(self, directory):
        self.directory = directory
        self.short = f'/tmp/janitor-chaos-{os.getpid()}'  # of sockets
        self.postgres = Postgres(os.path.join(directory, 'postgres'))
        self.pooler = Pooler(os.path.join(self.short, 'pooler'), self.postgres)
        self.network = os.path.join(self.short, 'network')
        self.redises = {name: Redis(os.path.join(self.short, name))
                        for name in ('chunks', 'shared')}
        self.swift = Swift(os.path.join(directory, 'swift'))
        self.disk = Disk(os.path.join(self.short, 'disk'))

    def __enter__(self):
        for directory in (self.short, self.network):
            make_directory(directory)
        self.disk.make()
        self.postgres.make()
        self.pooler.make()
        for redis in self.redises.values():
            redis.make()
        self.swift.make()
        return self

    def __exit__(self, *_):
        self.pooler.kill()
        for redis in self.redises.values():
            redis.kill()
        self.postgres.remove()
        self.swift.remove()
        self.disk.remove()
        shutil.rmtree(self.short, ignore_errors=True)

    @property
    def able(self):
        return ['bucket'] + ['disk'] * self.disk.mounted


class Worker:
    def __init__(self, servers, program, directory):
        self.servers = servers
        self.program = self._within_reach(program)
        self.directory = directory

    def _within_reach(self, program):
        """A copy that its user can read, and that no build replaces."""
        return shutil.copy(program, os.path.join(self.servers.short, 'program'))

    def play(self, seed):
        """\\return the result; what a violation is told by is kept."""
        plan = make_plan(seed, self.servers.able)
        place = os.path.join(self.directory, f'round-{seed}')
        round_ = Round(self.servers, plan, self.program, place)
        result = round_.play()
        if result['violations']:
            self._keep(round_, place)
            result['kept'] = place
        round_.forget()
        if not result['violations']:
            shutil.rmtree(place)
        return result

    def _keep(self, round_, place):
        """The database and the stores, as they are."""
        write_text(place, 'plan.json', json.dumps(round_.plan, indent=2))
        write_lines(place, 'violations', round_.violations)
        with open(os.path.join(place, 'database.sql'), 'wb') as file:
            subprocess.run(['pg_dump', '-h', self.servers.postgres.place, '-p',
                            '5432', '-U', 'postgres', DATABASE], stdout=file)
        shutil.copytree(round_.world.store, os.path.join(place, 'artifacts'),
                        symlinks=True)
        for name, redis in self.servers.redises.items():
            write_lines(place, f'redis-{name}', sorted(redis.keys()))
        if round_.world.bucket:
            write_lines(place, 'bucket', round_.world.bucket.keys())


def write_lines(place, name, lines):
    write_text(place, name, ''.join(f'{line}\n' for line in lines))


def write_text(place, name, text):
    with open(os.path.join(place, name), 'w', encoding='utf-8') as file:
        file.write(text)
