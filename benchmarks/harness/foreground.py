"""Somebody else at work meanwhile: GitLab writing the statistics of a project,
which every way but the plainest writes as well."""

import contextlib
import random
import subprocess
import threading
import time

NAME = 'foreground'  # the application's, in the server's log
EVERY = 0.01  # seconds


class Foreground:
    """A hundred short transactions a second, over one connection.  Each counts
    from when it was due: who waits for a lock keeps those after it waiting."""

    def __init__(self, server, database):
        self.session = subprocess.Popen(
            ['psql', '-qXAt', '-d', database],
            env=server.environment | {'PGAPPNAME': NAME}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.projects = int(server.sql('SELECT max(id) FROM projects', database))
        self.times = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work)
        self.random = random.Random(1)

    def __enter__(self):
        self._write_one()  # the connection is there now
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        with contextlib.suppress(BrokenPipeError):
            self.session.stdin.close()
        self.session.wait()

    def _work(self):
        due = time.monotonic()
        while not self.over.is_set():
            self._write_one()
            self.times.append(time.monotonic() - due)
            due += EVERY
            self.over.wait(max(0, due - time.monotonic()))

    def _write_one(self):
        project = self.random.randint(1, self.projects)
        with contextlib.suppress(BrokenPipeError):  # the server has gone
            self.session.stdin.write(
                'UPDATE project_statistics SET build_artifacts_size = '
                'build_artifacts_size + 1 '
                f'WHERE project_id = {project} RETURNING 1;\n\\echo done\n')
            self.session.stdin.flush()
        while self.session.stdout.readline().strip() not in ('done', ''):
            pass

    def result(self):
        times = sorted(self.times)
        if not times:
            return {}
        at = min(len(times) - 1, int(len(times) * 0.99))
        return {'foreground_p99_ms': round(times[at] * 1000, 3),
                'foreground_slowest_ms': round(times[-1] * 1000, 3)}
