"""A GitLab of a round's own: its rows by plain SQL, its objects by plain files
and requests, and all that the harness knows of them."""

import dataclasses
import os
import random

from psycopg2.extras import execute_values

from .bucket import PREFIX, Bucket
from .builds import Builds
from .gitlab import (FUTURE, LOCAL, PAST, PENDING_DELETE, PROJECTS, REMOTE,
                     SHARED_STATE, WITHOUT_STATISTICS, Artifact, write_file)

# What there is of each: how many, expire_at, locked, and the pipeline's locked.
KINDS = [
    (60, PAST, 0, 0), (10, PAST, 0, 1), (25, PAST, 1, 0), (15, PAST, 2, 0),
    (10, PAST, None, 0), (15, PAST, 2, 1), (8, PAST, None, 1),
    (15, PAST, 1, 1), (45, FUTURE, 0, 0), (10, FUTURE, 2, 1), (8, None, 0, 0),
]
FILES = ['code_coverage.json', 'a name with blanks.json', "it's.json",
         'naïve.json', 'two\nlines.json']
POISON_FILES = ['../../canary', '..', '.', '', 'a/b', '/etc/hostname']
POISON_ENTRIES = [('../outside', 'canary'), ('/etc', 'hostname'),
                  ('a/../../outside', 'canary'), ('a', '..')]


class World:
    """What the harness itself took away is written down in `vanished` (objects)
    and `lost` (chunks of traces), so that the checker asks for no more and no
    less than what there can be."""

    def __init__(self, servers, seed, traits):
        self.servers = servers
        self.random = random.Random(f'world {seed}')
        self.traits = traits
        self.seed = seed
        self.store = servers.disk.store
        self.bucket = None
        self.artifacts = {}
        self.expired = set()          # artifacts, at first
        self.poison = set()           # artifacts
        self.poison_entries = set()
        self.future_entries = set()
        self.vanished = set()         # (file_store, path)
        self.prolonged = set()        # ids of artifacts
        self.traces = {}              # job: its chunks
        self.chunk_stores = {}        # job: where they were first
        self.lost = {}                # job: indexes of its chunks
        self.statistics = {}          # project: bytes at first
        self.first_artifacts = set()
        self.problems = 0             # rows that every run must name
        self.artifact_ids = iter(range(1, 1 << 30))

    # --- making it -----------------------------------------------------------

    def make(self):
        self.servers.disk.clear()
        for redis in self.servers.redises.values():
            redis.command('FLUSHALL')
        self.servers.postgres.empty()
        if self.traits['bucket']:
            self.bucket = Bucket(self.servers.swift, f'chaos-{self.seed}')
        write_file(os.path.join(self.servers.disk.directory,
                                'outside/canary'), b'canary')
        with self.session() as cursor:
            cursor.execute('BEGIN')
            self._make_projects(cursor)
            self._make_artifacts(cursor)
            self._make_entries(cursor)
            Builds(self).make(cursor)
            if self.traits['problems']:
                self._make_poison(cursor)
            self._count_bytes(cursor)
            cursor.execute('COMMIT')

    def session(self):
        return self.servers.postgres.session()

    def _make_projects(self, cursor):
        execute_values(cursor, 'INSERT INTO projects (id, name, namespace_id, '
                       'pending_delete) VALUES %s',
                       [(project, 'p', 1, project == PENDING_DELETE)
                        for project in PROJECTS])
        execute_values(cursor, 'INSERT INTO project_statistics '
                       '(project_id, namespace_id) VALUES %s',
                       [(project, 1) for project in PROJECTS
                        if project != WITHOUT_STATISTICS])

    def _make_artifacts(self, cursor):
        rows, pipelines = [], []
        for count, expire, locked, pipeline_locked in KINDS:
            for _ in range(count * self.traits['scale']):
                artifact = self.new_artifact()
                pipelines.append((artifact.pipeline, artifact.project,
                                  pipeline_locked))
                rows.append((artifact, expire, locked))
        self._insert(cursor, pipelines, rows)
        for artifact, expire, _ in rows:
            # Somebody else lost the file of some that have expired.
            if expire == PAST and self.random.random() < 0.03:
                self.vanished.add((artifact.store, artifact.path))
            else:
                self.put(artifact.store, artifact.path)

    def new_artifact(self, file=None, pipeline=None, project=None):
        number = next(self.artifact_ids)
        remote = self.traits['bucket'] and self.random.random() < 0.06
        return Artifact(
            number, project or self.random.choice(PROJECTS),
            pipeline or number, REMOTE if remote else LOCAL,
            self.random.choice(FILES) if file is None else file,
            self.random.randint(1, 5000))

    def _insert(self, cursor, pipelines, rows):
        execute_values(cursor, 'INSERT INTO ci_pipelines (id, project_id, '
                       'locked) VALUES %s', pipelines)
        execute_values(
            cursor, 'INSERT INTO ci_pipeline_artifacts (id, created_at, '
            'updated_at, project_id, pipeline_id, size, file_store, file_type, '
            'file_format, file, locked, expire_at) VALUES %s',
            [(a.id, a.project, a.pipeline, a.size, a.store, a.file, locked,
              expire) for a, expire, locked in rows],
            "(%s, now() - interval '2 days', now(), %s, %s, %s, %s, 1, 1, %s, "
            "%s, now() + %s * interval '1 second')")
        for artifact, expire, _ in rows:
            self.artifacts[artifact.id] = artifact
            if expire == PAST:
                self.expired.add(artifact.id)

    def _make_entries(self, cursor):
        """The queue as GitLab, or a run that was killed, may have left it."""
        rows = []
        for number in range(20 * self.traits['scale']):
            remote = self.traits['bucket'] and self.random.random() < 0.12
            store = REMOTE if remote else LOCAL
            path = f'queued/{number // 2}/job {number}.log'
            rows.append((store, number < 3, path))
            if number % 7 != 6:  # some have been removed before
                self.put(store, path)
        for store, in_the_future, path in rows + rows[3:5]:
            entry = self._insert_entry(cursor, store, *path.rsplit('/', 1),
                                       in_the_future)
            if in_the_future:
                self.future_entries.add(entry)

    @staticmethod
    def _insert_entry(cursor, store, directory, file, in_the_future=False):
        cursor.execute(
            'INSERT INTO ci_deleted_objects (file_store, store_dir, file, '
            "pick_up_at) VALUES (%s, %s, %s, now() + %s * interval '1 second') "
            'RETURNING id', (store, directory, file,
                             FUTURE if in_the_future else -60))
        return cursor.fetchone()[0]

    def _make_poison(self, cursor):
        """What leads out of the store, by its name or by a symlink."""
        rows = [(self.new_artifact(file), PAST, self.random.choice([0, 2]))
                for file in POISON_FILES + ['symlink.json']]
        rows = [(dataclasses.replace(artifact, store=LOCAL), expire, locked)
                for artifact, expire, locked in rows]
        self._insert(cursor, [(a.pipeline, a.project, 0) for a, _, _ in rows],
                     rows)
        self.poison = {artifact.id for artifact, _, _ in rows}
        link = os.path.join(self.store, rows[-1][0].path)
        os.makedirs(os.path.dirname(link))
        os.symlink(self.canary, link)
        self.poison_entries = {
            self._insert_entry(cursor, LOCAL, *entry)
            for entry in POISON_ENTRIES}
        self.problems += len(self.poison) + len(self.poison_entries)

    def _count_bytes(self, cursor):
        cursor.execute("""
            UPDATE project_statistics AS s
            SET pipeline_artifacts_size = a.size, storage_size = a.size
            FROM (SELECT project_id, sum(size) AS size
                  FROM ci_pipeline_artifacts GROUP BY 1) AS a
            WHERE a.project_id = s.project_id
            RETURNING s.project_id, a.size""")
        self.statistics = {project: int(size)
                           for project, size in cursor.fetchall()}
        self.first_artifacts = set(self.artifacts)
        cursor.execute('TRUNCATE chaos.artifacts, chaos.statistics, '
                       'chaos.entries')

    # --- its objects ---------------------------------------------------------

    @property
    def canary(self):
        return os.path.join(self.servers.disk.directory, 'outside/canary')

    def put(self, store, path, content=b'bytes'):
        if store == REMOTE:
            self.bucket.put(PREFIX + path, content)
        else:
            write_file(os.path.join(self.store, path), content)

    def remove(self, store, path):
        if store == REMOTE:
            self.bucket.remove(PREFIX + path)
        else:
            try:
                os.unlink(os.path.join(self.store, path))
            except (FileNotFoundError, NotADirectoryError):
                pass

    def get(self, store, path):
        if store == REMOTE:
            return self.bucket.get(PREFIX + path)
        try:
            with open(os.path.join(self.store, path), 'rb') as file:
                return file.read()
        except FileNotFoundError:
            return None

    def objects(self):
        """\\return (file_store, path) of all that is in the stores."""
        found = set()
        for directory, _, files in os.walk(self.store):
            below = os.path.relpath(directory, self.store)
            found |= {(LOCAL, os.path.normpath(os.path.join(below, file)))
                      for file in files}
        if self.bucket:
            found |= {(REMOTE, key.removeprefix(PREFIX))
                      for key in self.bucket.keys() if key.startswith(PREFIX)}
        return found

    def redis_of(self, data_store):
        return self.servers.redises[
            'shared' if data_store == SHARED_STATE else 'chunks']

    def chunk_keys(self):
        """\\return the keys of live traces in both Redis."""
        return set().union(*(redis.keys('gitlab:ci:trace:*') for redis in
                             self.servers.redises.values()))

    def close(self):
        if self.bucket:
            self.bucket.empty()
