"""What one run of a way costs: itself, and the server."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time

from .foreground import NAME, Foreground

TICKS = os.sysconf('SC_CLK_TCK')


def cpu_of_tree(root):
    """Seconds of a postmaster, its children that are over and those that are
    not.  The latter's own children do not exist."""
    total = 0
    for entry in os.listdir('/proc'):
        if not entry.isdigit():
            continue
        try:
            with open(f'/proc/{entry}/stat', encoding='latin-1') as file:
                fields = file.read().rpartition(')')[2].split()
        except OSError:
            continue
        if int(entry) == root:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == root:
            total += sum(map(int, fields[11:13]))
    return total / TICKS


def wait_for_sessions(server, database, left):
    """Until those that ended are gone, and what they counted is written."""
    for _ in range(500):
        if int(server.sql(f"SELECT count(*) FROM pg_stat_activity WHERE datname "
                          f"= '{database}'")) <= left:
            return
        time.sleep(0.02)


def counters(server, database):
    document = json.loads(server.sql(f'''
        SELECT json_build_object(
            'wal_bytes', pg_current_wal_insert_lsn() - '0/0',
            'buffers', blks_hit + blks_read,
            'transactions', xact_commit + xact_rollback)
        FROM pg_stat_database WHERE datname = '{database}';'''))
    document['postgres_cpu'] = cpu_of_tree(server.postmaster())
    return document


def dead_rows(server, database):
    return int(server.sql('SELECT sum(n_dead_tup) FROM pg_stat_user_tables',
                          database))


class Watch:
    """Every statement's time, as the server writes it into its log.  That costs
    something for each, so a run that is watched is not one that is timed."""

    line = re.compile(r'\[(\d+)\] .*LOG:  duration: ([\d.]+) ms  (\w+)')

    def __init__(self, server, database):
        self.path = os.path.join(server.place, 'log')
        self.start = os.path.getsize(self.path)
        server.sql(f'ALTER DATABASE "{database}" SET '
                   'log_min_duration_statement = 0')

    def result(self):
        times = sorted(self._times())
        if not times:
            return {}
        return {'statements': len(times), 'slowest_ms': times[-1],
                'p99_ms': times[min(len(times) - 1, int(len(times) * 0.99))]}

    def _times(self):
        """Parsing and planning count to the statement they are for."""
        before = {}
        with open(self.path, encoding='utf-8', errors='replace') as file:
            file.seek(self.start)
            for text in file:
                found = self.line.search(text)
                if not found or f'] {NAME} ' in text:
                    continue
                process, took, step = found[1], float(found[2]), found[3]
                if step in ('parse', 'bind'):
                    before[process] = before.get(process, 0) + took
                else:
                    yield took + before.pop(process, 0)


def own_figures(printed):
    """What a way says of itself: Ruby its rows and its time without loading;
    the program, in its summary, how long the passes themselves took."""
    try:
        document = json.loads(printed)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    if 'passes' not in document:
        return document if 'rows' in document else {}
    return {'pass_seconds': round(sum(
        each.get('seconds') or 0 for each in document['passes'].values()), 6)}


def printed_by(command, environment, stdin):
    """In a group of its own, so that all it has started ends where we do."""
    with subprocess.Popen(command, stdin=stdin, env=environment, text=True,
                          stdout=subprocess.PIPE,
                          start_new_session=True) as process:
        try:
            printed, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    if process.returncode != 0:
        raise RuntimeError(f'{command} failed with {process.returncode}: '
                           f'{printed[-2000:]}')
    return printed


def run(command, environment, directory, stdin=None):
    """Run it to its end."""
    result = os.path.join(directory, 'measure.json')
    with open(stdin or os.devnull, encoding='utf-8') as file:
        printed = printed_by(['build/bench-files', 'measure', result] + command,
                             environment, file)
    with open(result, encoding='utf-8') as file:
        measured = json.load(file)
    measured['peak_mib'] = round(measured.pop('peak_kib') / 1024, 1)
    return measured | own_figures(printed)


def on_server(server, database, sessions, command, environment, directory,
              watched, beside=False):
    """The same with what it cost the server; sessions are there already.
    beside: somebody else is at work."""
    wait_for_sessions(server, database, sessions)
    watch = Watch(server, database) if watched else None
    before = counters(server, database)
    with contextlib.ExitStack() as stack:
        other = (stack.enter_context(Foreground(server, database))
                 if watched and beside else None)
        measured = run(command, environment, directory)
    wait_for_sessions(server, database, sessions)
    after = counters(server, database)
    measured.update({name: round(after[name] - before[name], 3)
                     for name in after})
    measured['dead_rows'] = dead_rows(server, database)
    for each in (watch, other):
        measured.update(each.result() if each else {})
    return measured
