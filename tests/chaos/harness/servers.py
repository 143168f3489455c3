"""The servers of one worker: all its own, all of which may be hurt."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time

import psycopg2

SUPPORT = 'tests/support'
PROGRAM_ROLE = 'ci_janitor'
DATABASE = 'chaos'


def as_user(command):
    """PostgreSQL and PgBouncer refuse to run as root, and no mode of a file
    holds root back: all that root starts runs as user postgres."""
    if os.geteuid() != 0:
        return command
    return ['setpriv', '--reuid=postgres', '--regid=postgres',
            '--init-groups'] + command


def await_true(what, answer, seconds=60):
    end = time.monotonic() + seconds
    while not answer():
        if time.monotonic() > end:
            raise RuntimeError(f'{what} after {seconds} s')
        time.sleep(0.005)


class Process:
    """One that is started again and again, and may be stopped or killed."""

    process = None

    def launch(self, command, log, **options):
        with open(log, 'ab') as output:
            self.process = subprocess.Popen(
                as_user(command), stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True, **options)

    def kill(self, number=signal.SIGKILL):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait()
            self.process = None


class Postgres:
    """A cluster with one database, which each round finds empty."""

    def __init__(self, directory):
        self.directory = directory

    def _script(self, verb, *words):
        return subprocess.run(
            [f'{SUPPORT}/postgres', verb, self.directory, *words], check=True,
            text=True, stdout=subprocess.PIPE).stdout.strip()

    def start(self):
        # Nothing but the crash itself shall wait for a disk.
        self._script('start')
        self.place = self._script('where')

    def make(self):
        self._script('remove')
        os.makedirs(os.path.dirname(self.directory), exist_ok=True)
        self.start()
        self._make_database()

    def crash(self):
        self._script('crash')

    def remove(self):
        self._script('remove')

    def connect(self, database=DATABASE):
        connection = psycopg2.connect(
            host=self.place, port=5432, user='postgres', dbname=database,
            application_name='chaos', connect_timeout=10)
        connection.autocommit = True
        return connection

    def _make_database(self):
        with self.session('postgres') as cursor:
            cursor.execute(f'CREATE ROLE {PROGRAM_ROLE} LOGIN')
            cursor.execute(f'CREATE DATABASE {DATABASE}')
        environment = os.environ | {
            'PGHOST': self.place, 'PGPORT': '5432', 'PGUSER': 'postgres'}
        for script in ('db/schema.sql', 'db/schema_builds.sql',
                       'tests/chaos/audit.sql', 'db/grants.sql'):
            subprocess.run(
                ['psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', DATABASE,
                 '-f', script], env=environment, check=True)

    def empty(self):
        """As a new database is, in a tenth of its time; not by TRUNCATE, which
        makes 150 files anew."""
        with self.session() as cursor:
            cursor.execute('SELECT pg_terminate_backend(pid) FROM '
                           "pg_stat_activity WHERE usename = 'ci_janitor'")
            cursor.execute("SET session_replication_role = 'replica'")
            cursor.execute(
                "SELECT string_agg(format(CASE relkind WHEN 'r' THEN "
                "'DELETE FROM %s' ELSE 'ALTER SEQUENCE %s RESTART' END, "
                "oid::regclass), ';') FROM pg_class WHERE relkind IN ('r', 'S')"
                "AND relnamespace IN ('public'::regnamespace, "
                "'chaos'::regnamespace)")
            cursor.execute(cursor.fetchone()[0])

    def session(self, database=None):
        return Session(self, database or DATABASE)


class Session:
    """with server.session(database) as cursor: ..."""

    def __init__(self, server, database):
        self.connection = server.connect(database)

    def __enter__(self):
        return self.connection.cursor()

    def __exit__(self, *_):
        self.connection.close()


class Pooler(Process):
    """PgBouncer in transaction mode, before the cluster."""

    port = '6432'

    def __init__(self, directory, server):
        self.directory = directory
        self.server = server

    def make(self):
        make_directory(self.directory)
        users = os.path.join(self.directory, 'users')
        write(users, f'"postgres" ""\n"{PROGRAM_ROLE}" ""\n')
        write(os.path.join(self.directory, 'settings'), f'''[databases]
* = host={self.server.place} port=5432
[pgbouncer]
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
listen_port = {self.port}
unix_socket_dir = {self.directory}
''')
        self.start()

    @property
    def socket(self):
        return os.path.join(self.directory, f'.s.PGSQL.{self.port}')

    def start(self):
        self.launch(['/usr/sbin/pgbouncer',
                     os.path.join(self.directory, 'settings')],
                    os.path.join(self.directory, 'log'))
        await_true('PgBouncer does not answer',
                   lambda: can_connect(socket.AF_UNIX, self.socket))

    def restart(self, number):
        self.kill(number)
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.start()


class Redis(Process):
    """Debian's redis-server is redis-check-rdb by another name; the package
    that has that name starts a service."""

    def __init__(self, directory):
        self.directory = directory

    @property
    def socket(self):
        return os.path.join(self.directory, 'redis.sock')

    def make(self):
        make_directory(self.directory)
        os.symlink('/usr/bin/redis-check-rdb',
                   os.path.join(self.directory, 'redis-server'))
        self.start()

    def start(self):
        self.launch([os.path.join(self.directory, 'redis-server'), '--port',
                     '0', '--unixsocket', self.socket, '--save', '',
                     '--appendonly', 'no', '--dir', self.directory],
                    os.path.join(self.directory, 'log'), cwd=self.directory)
        await_true('Redis does not answer', self._answers)

    def _answers(self):
        try:
            return self.command('PING') == b'PONG'
        except OSError:
            return False

    def restart_with_all_it_holds(self):
        try:
            self.command('SHUTDOWN', 'SAVE')
        except OSError:  # it has hung up
            pass
        self.process.wait()
        self.start()
        os.unlink(os.path.join(self.directory, 'dump.rdb'))

    def command(self, *words):
        return self.commands([words])[0]

    def commands(self, lines):
        """\\return the answers; a server's error is raised."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(self.socket)
            connection.sendall(b''.join(map(encode, lines)))
            with connection.makefile('rb') as file:
                return [decode(file) for _ in lines]

    def keys(self, pattern='*'):
        return {key.decode() for key in self.command('KEYS', pattern)}

    def flush(self):
        """\\return the keys that went with it."""
        answers = self.commands(
            [('MULTI',), ('KEYS', '*'), ('FLUSHALL',), ('EXEC',)])
        return {key.decode() for key in answers[-1][0]}


def encode(words):
    words = [word if isinstance(word, bytes) else str(word).encode()
             for word in words]
    return b'*%d\r\n' % len(words) + b''.join(
        b'$%d\r\n%b\r\n' % (len(word), word) for word in words)


def decode(file):
    line = file.readline()
    if not line.endswith(b'\r\n'):
        raise ConnectionError('Redis has hung up')
    kind, rest = line[:1], line[1:-2]
    if kind == b'-':
        raise RuntimeError(rest.decode())
    if kind == b'*':
        return [decode(file) for _ in range(int(rest))]
    if kind != b'$':
        return rest
    return None if rest == b'-1' else file.read(int(rest) + 2)[:-2]


class Swift:
    """A real S3 server, in one process; ready after a second."""

    def __init__(self, directory):
        self.directory = directory

    def make(self):
        # It gives up after a minute; at idle priority it may need longer.
        for _ in range(5):
            if subprocess.run([f'{SUPPORT}/swift', 'start', self.directory],
                              stderr=subprocess.DEVNULL).returncode == 0:
                break
        text = subprocess.run([f'{SUPPORT}/swift', 'env', self.directory],
                              check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        values = dict(re.findall(r'^export (\w+)=(\S+)$', text, re.M))
        self.port = int(values['S3_ENDPOINT'].rpartition(':')[2])
        self.access_key = values['AWS_ACCESS_KEY_ID']
        self.secret_key = values['AWS_SECRET_ACCESS_KEY']
        place = os.path.join(os.path.realpath(self.directory), 'swift')
        self.process, = processes(['serve', place])

    def signal(self, number):
        os.kill(self.process, number)

    def remove(self):
        subprocess.run([f'{SUPPORT}/swift', 'stop', self.directory])


class Disk:
    """A small file system for the local store: it can be full.  Where it can't
    be mounted, a plain directory, and nothing fills it."""

    size = '48m'

    def __init__(self, directory):
        self.directory = directory
        self.store = os.path.join(directory, 'artifacts')
        self.mounted = False

    def make(self):
        make_directory(self.directory)
        self.mounted = subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', f'size={self.size},mode=777',
             'none', self.directory], stderr=subprocess.DEVNULL
        ).returncode == 0

    def clear(self):
        for entry in os.scandir(self.directory):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        os.makedirs(self.store)

    def fill(self):
        filler = os.open(os.path.join(self.directory, 'filler'),
                         os.O_WRONLY | os.O_CREAT)
        left = os.statvfs(self.directory)
        try:
            os.posix_fallocate(filler, 0, left.f_bavail * left.f_frsize)
        except OSError:  # somebody else was faster
            pass
        os.close(filler)

    def empty(self):
        filler = os.path.join(self.directory, 'filler')
        if os.path.exists(filler):
            os.unlink(filler)

    def remove(self):
        if self.mounted:
            subprocess.run(['umount', '-l', self.directory])


def processes(words):
    """\\return those whose command line ends with these."""
    found = []
    for process in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{process}/cmdline', encoding='utf-8') as file:
                if file.read().split('\0')[-len(words) - 1:-1] == words:
                    found.append(int(process))
        except OSError:  # it has ended meanwhile
            pass
    return found


def can_connect(family, address):
    with socket.socket(family) as connection:
        return connection.connect_ex(address) == 0


def make_directory(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    os.chmod(path, 0o755)
    if os.geteuid() == 0:
        shutil.chown(path, 'postgres', 'postgres')


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
