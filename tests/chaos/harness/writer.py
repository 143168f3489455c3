"""A live GitLab beside the runs: each of its deeds by GitLab's own protocol,
the row in a transaction, the object after it."""

import random
import threading
import time

import psycopg2

from . import builds
from . import gitlab

DEEDS = [
    # how often, name, whether it touches objects
    (6, 'lock', False), (6, 'unlock', False), (3, 'lock_pipeline_only', False),
    (3, 'prolong', False), (3, 'expire', False), (4, 'upload', True),
    (3, 'recreate', True), (3, 'destroy', True), (2, 'delete_objects', True),
    (4, 'toggle_user', False), (3, 'start_job', False),
    (2, 'finish_job', False), (2, 'flush_chunk', False),
]


class Writer(threading.Thread):
    """One thread.  Who stops a server that it needs holds `gate` meanwhile, or
    turns `may_touch_objects` off under it, so that it never ends half way:
    what it could not finish would be its own fault, and not the program's."""

    def __init__(self, world, seed, pace):
        super().__init__(daemon=True)
        self.world = world
        self.random = random.Random(f'writer {seed}')
        self.pace = pace  # seconds from one deed to the next, at most
        self.gate = threading.RLock()
        self.may_touch_objects = True
        self.may_touch_redis = True
        self.over = threading.Event()
        self.deeds = {}
        self.failure = None
        self.connection = None
        self.kept = sorted(set(world.artifacts) - world.poison)

    def run(self):
        try:
            while not self.over.is_set():
                time.sleep(self.random.random() * self.pace)
                with self.gate:
                    self._do_one()
        except Exception as error:  # it is told at the end of the round
            self.failure = error

    def stop(self):
        self.over.set()
        self.join()
        if self.connection:
            self.connection.close()
        if self.failure:
            raise self.failure

    def _do_one(self):
        deeds = [(often, name) for often, name, touches in DEEDS
                 if (self.may_touch_objects or not touches)
                 and (self.may_touch_redis or name != 'flush_chunk')]
        name, = self.random.choices([name for _, name in deeds],
                                    [often for often, _ in deeds])
        try:
            with self._connect() as cursor:
                done = getattr(self, name)(cursor)
        except (psycopg2.errors.LockNotAvailable,
                psycopg2.errors.DeadlockDetected):
            self.connection.cursor().execute('ROLLBACK')
            return  # as if it had not come
        if done is not False:
            self.deeds[name] = self.deeds.get(name, 0) + 1

    def _connect(self):
        if self.connection is None or self.connection.closed:
            self.connection = self.world.servers.postgres.connect()
            self.connection.cursor().execute("SET lock_timeout = '100ms'")
        return self.connection.cursor()

    def reconnect(self):
        """The server was started again."""
        if self.connection is not None:
            self.connection.close()

    def _pick(self):
        return self.world.artifacts[self.random.choice(self.kept)]

    # --- artifacts -----------------------------------------------------------

    def lock(self, cursor):
        self._set_locked(cursor, 1)

    def unlock(self, cursor):
        self._set_locked(cursor, 0)

    def _set_locked(self, cursor, locked):
        pipeline = self._pick().pipeline
        cursor.execute(
            'UPDATE ci_pipelines SET locked = %s WHERE id = %s; '
            'UPDATE ci_pipeline_artifacts SET locked = %s '
            'WHERE pipeline_id = %s', (locked, pipeline, locked, pipeline))

    def lock_pipeline_only(self, cursor):
        cursor.execute('UPDATE ci_pipelines SET locked = 1 WHERE id = %s',
                       (self._pick().pipeline,))

    def prolong(self, cursor):
        """Not one whose file is lost: of few live ones that many may not be,
        or a run refuses to begin."""
        artifact = self._pick()
        if (artifact.store, artifact.path) in self.world.vanished:
            return
        self.world.prolonged.add(artifact.id)
        cursor.execute("UPDATE ci_pipeline_artifacts SET expire_at = now() + "
                       "interval '30 days' WHERE id = %s", (artifact.id,))

    def expire(self, cursor):
        cursor.execute("UPDATE ci_pipeline_artifacts SET expire_at = now() - "
                       "interval '1 minute' WHERE id = %s", (self._pick().id,))

    def upload(self, cursor):
        self._insert(cursor, self.world.new_artifact())

    def _insert(self, cursor, artifact):
        """A new pipeline if it has none yet."""
        expire = self.random.choice([gitlab.PAST, gitlab.FUTURE, gitlab.FUTURE])
        cursor.execute(
            'INSERT INTO ci_pipelines (id, project_id, locked) '
            'VALUES (%s, %s, 0) ON CONFLICT DO NOTHING; '
            'INSERT INTO ci_pipeline_artifacts (id, created_at, updated_at, '
            'project_id, pipeline_id, size, file_store, file_type, '
            'file_format, file, locked, expire_at) '
            'SELECT %s, now(), now(), %s, %s, %s, %s, 1, 1, %s, locked, '
            "now() + %s * interval '1 second' FROM ci_pipelines WHERE id = %s;"
            'UPDATE project_statistics SET pipeline_artifacts_size = '
            'pipeline_artifacts_size + %s, storage_size = storage_size + %s '
            'WHERE project_id = %s',
            (artifact.pipeline, artifact.project, artifact.id,
             artifact.project, artifact.pipeline, artifact.size,
             artifact.store, artifact.file, expire, artifact.pipeline,
             artifact.size, artifact.size, artifact.project))
        self.world.artifacts[artifact.id] = artifact
        self.kept.append(artifact.id)
        self._put(cursor, artifact)

    def _put(self, cursor, artifact):
        """Where the row has been destroyed before its file is there, nobody
        will look for that: GitLab's own race, which an artifact that expires
        in a week does not see."""
        cursor.execute('BEGIN; SET LOCAL lock_timeout = 0; '
                       'SELECT FROM ci_pipeline_artifacts '
                       'WHERE id = %s FOR KEY SHARE', (artifact.id,))
        if cursor.rowcount:
            self.world.put(artifact.store, artifact.path)
        cursor.execute('COMMIT')

    def destroy(self, cursor, artifact=None):
        artifact = artifact or self._pick()
        cursor.execute(
            'WITH gone AS (DELETE FROM ci_pipeline_artifacts WHERE id = %s '
            'RETURNING project_id, size), counted AS ('
            'UPDATE project_statistics AS s SET pipeline_artifacts_size = '
            'pipeline_artifacts_size - gone.size, '
            'storage_size = storage_size - gone.size FROM gone '
            'WHERE s.project_id = gone.project_id) SELECT FROM gone',
            (artifact.id,))
        if cursor.rowcount:
            self.world.remove(artifact.store, artifact.path)

    def recreate(self, cursor):
        """A report is uploaded again."""
        old = self._pick()
        self.destroy(cursor, old)
        cursor.execute('SELECT FROM ci_pipeline_artifacts '
                       'WHERE pipeline_id = %s', (old.pipeline,))
        if cursor.rowcount == 0:
            self._insert(cursor, self.world.new_artifact(
                pipeline=old.pipeline, project=old.project))

    def delete_objects(self, cursor):
        """Ci::DeletedObjects' own worker."""
        cursor.execute(
            'WITH due AS (SELECT id FROM ci_deleted_objects '
            'WHERE pick_up_at < now() AND NOT id = ANY (%s) '
            'ORDER BY pick_up_at LIMIT 10 FOR UPDATE SKIP LOCKED) '
            'UPDATE ci_deleted_objects AS entry SET pick_up_at = now() + '
            "interval '10 minutes' FROM due WHERE entry.id = due.id RETURNING "
            "entry.id, entry.file_store, entry.store_dir || '/' || entry.file",
            (list(self.world.poison_entries),))
        for entry, store, path in cursor.fetchall():
            self.world.remove(store, path)
            cursor.execute('DELETE FROM ci_deleted_objects WHERE id = %s',
                           (entry,))

    # --- jobs ----------------------------------------------------------------

    def toggle_user(self, cursor):
        cursor.execute("UPDATE users SET state = CASE state WHEN 'blocked' "
                       "THEN 'active' ELSE 'blocked' END WHERE id = %s",
                       (self.random.choice(builds.TOGGLED),))

    def start_job(self, cursor):
        """A created job is enqueued, a pending one picked by a runner."""
        cursor.execute(
            "SELECT id, status, lock_version FROM ci_builds WHERE type = "
            "'Ci::Build' AND status IN ('created', 'pending') ORDER BY id")
        job, status, version = self._choose(cursor)
        if job is None:
            return False
        to = 'pending' if status == 'created' else 'running'
        if not self._move(cursor, job, version, to):
            return False

    def finish_job(self, cursor):
        cursor.execute(
            "SELECT id, status, lock_version FROM ci_builds WHERE type = "
            "'Ci::Build' AND status = 'running' ORDER BY id")
        job, _, version = self._choose(cursor)
        if job is None or not self._move(cursor, job, version, 'success'):
            return False

    def _choose(self, cursor):
        rows = cursor.fetchall()
        return self.random.choice(rows) if rows else (None, None, None)

    @staticmethod
    def _move(cursor, job, version, status):
        """In one transaction, with what has to be in the queues."""
        cursor.execute('BEGIN')
        cursor.execute(
            'UPDATE ci_builds SET status = %s, lock_version = lock_version + 1 '
            'WHERE id = %s AND lock_version = %s', (status, job, version))
        moved = cursor.rowcount == 1
        if moved:
            cursor.execute(
                'DELETE FROM ci_pending_builds WHERE build_id = %s; '
                'DELETE FROM ci_running_builds WHERE build_id = %s',
                (job, job))
            if status == 'pending':
                cursor.execute('INSERT INTO ci_pending_builds (build_id, '
                               'project_id) VALUES (%s, 1)', (job,))
            elif status == 'running':
                cursor.execute('INSERT INTO ci_running_builds (build_id, '
                               'project_id, runner_id, runner_type) '
                               'VALUES (%s, 1, 1, 1)', (job,))
            else:
                cursor.execute('UPDATE ci_resources SET build_id = NULL '
                               'WHERE build_id = %s', (job,))
        cursor.execute('COMMIT')
        return moved

    def flush_chunk(self, cursor):
        """Ci::BuildTraceChunkFlushWorker: a chunk of Redis moves into its
        row."""
        cursor.execute('SELECT id, build_id, chunk_index, lock_version '
                       'FROM ci_build_trace_chunks WHERE data_store = %s '
                       'ORDER BY id', (gitlab.REDIS,))
        rows = cursor.fetchall()
        if not rows:
            return False
        chunk, job, index, version = self.random.choice(rows)
        redis = self.world.redis_of(gitlab.REDIS)
        bytes_there = redis.command('GET', gitlab.chunk_key(job, index))
        if bytes_there is None:
            return False
        cursor.execute(
            "UPDATE ci_build_trace_chunks SET raw_data = %s, data_store = 2, "
            "checksum = '0', lock_version = lock_version + 1 "
            'WHERE id = %s AND lock_version = %s',
            (bytes_there, chunk, version))
        if cursor.rowcount == 1:
            redis.command('DEL', gitlab.chunk_key(job, index))
