"""The servers of a run: a PostgreSQL of its own, and what may stand before it."""

import glob
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time

POSTGRES = 'tests/support/postgres'


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


def as_server(command):
    """PostgreSQL and PgBouncer refuse to run as root."""
    if os.geteuid() != 0:
        return command
    return ['setpriv', '--reuid=postgres', '--regid=postgres',
            '--init-groups'] + command


def clients():
    """Debian's psql in PATH is a script that looks for one, which takes longer
    than a loop's statement."""
    found = sorted(glob.glob('/usr/lib/postgresql/*/bin/psql'))
    return os.path.dirname(found[-1])


class Server:
    """PostgreSQL on a socket, and for the delays on a port of 127.0.0.1, where
    it wants a password that nobody but this run has."""

    settings = {
        'fsync': 'on', 'full_page_writes': 'on', 'shared_buffers': '1GB',
        'max_wal_size': '4GB', 'checkpoint_timeout': '1h',
        # A run is over before it would wake up; copies are made all the time.
        'autovacuum': 'off', 'log_parameter_max_length': '0',
    }

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.environment = os.environ | {
            'PATH': f'{clients()}:{os.environ["PATH"]}'}

    def start(self):
        subprocess.run([POSTGRES, 'remove', self.directory],
                       stderr=subprocess.DEVNULL)
        os.makedirs(os.path.dirname(self.directory), exist_ok=True)
        self._launch(self.settings)
        self.place = subprocess.run(
            [POSTGRES, 'where', self.directory], check=True, text=True,
            stdout=subprocess.PIPE).stdout.strip()
        self.environment.update(PGHOST=self.place, PGPORT='5432',
                                PGUSER='postgres', PGDATABASE='postgres')
        self.sql(f"ALTER ROLE postgres PASSWORD '{self.password}'")
        self._ask_for_the_password()
        self.stop()
        self._launch({'listen_addresses': '127.0.0.1', 'port': self.port})
        self.environment.update(PGPORT=self.port, PGPASSWORD=self.password)

    def _launch(self, settings):
        subprocess.run([POSTGRES, 'start', self.directory] +
                       [f'{name}={value}' for name, value in settings.items()],
                       check=True)

    def _ask_for_the_password(self):
        path = os.path.join(self.place, 'data/pg_hba.conf')
        with open(path, encoding='utf-8') as file:
            lines = file.readlines()
        with open(path, 'w', encoding='utf-8') as file:
            file.writelines(line.replace('trust', 'scram-sha-256')
                            if line.startswith('host') else line
                            for line in lines)

    def again(self, settings=None):
        self.stop()
        self._launch(settings or {})

    def stop(self):
        subprocess.run([POSTGRES, 'stop', self.directory], check=True)

    def remove(self):
        subprocess.run([POSTGRES, 'remove', self.directory])

    def sql(self, text, database='postgres', **options):
        """The answer as psql prints it, unaligned."""
        return subprocess.run(
            ['psql', '-qXAt', '-v', 'ON_ERROR_STOP=1', '-d', database],
            input=text, env=self.environment, check=True, text=True,
            stdout=subprocess.PIPE, **options).stdout.strip()

    def postmaster(self):
        with open(os.path.join(self.place, 'data/postmaster.pid'),
                  encoding='utf-8') as file:
            return int(file.readline())


class Pooler:
    """PgBouncer in transaction mode, with as many connections as it has by
    default; it soon gives back those that nobody uses, so that a run's end is
    seen."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix='janitor-pooler.')
        settings = os.path.join(self.directory, 'settings')
        with open(settings, 'w', encoding='utf-8') as file:
            file.write(f'''[databases]
* = host={self.server.place} port={self.server.port} user=postgres
[pgbouncer]
auth_type = any
pool_mode = transaction
listen_port = {self.server.port}
unix_socket_dir = {self.directory}
server_idle_timeout = 1
''')
        if os.geteuid() == 0:
            shutil.chown(self.directory, 'postgres', 'postgres')
            os.chmod(settings, 0o644)
        self.process = subprocess.Popen(
            as_server(['/usr/sbin/pgbouncer', settings]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(os.path.join(self.directory,
                              f'.s.PGSQL.{self.server.port}'))
        return {'PGHOST': self.directory, 'PEER_UNPREPARED': '1'}

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)


class Delay:
    """The tests' proxy before a port: a round trip takes so long."""

    def __init__(self, address, milliseconds):
        self.command = ['build/bench-objects', 'delay', f'http://{address}',
                        str(milliseconds)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE,
                                        text=True)
        return self.process.stdout.readline().strip().removeprefix('http://')

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Snapshot:
    """Another session that has looked once and never ends its transaction."""

    def __init__(self, server, database):
        self.process = subprocess.Popen(
            ['psql', '-qXAt', '-d', database], env=server.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        self.process.stdin.write(
            'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;\n')
        self.process.stdin.flush()
        self.process.stdout.readline()

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def wait_for(path):
    for _ in range(1000):
        if os.path.exists(path):
            return
        time.sleep(0.01)
    raise RuntimeError(f'{path} does not appear')
