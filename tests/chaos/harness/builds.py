"""Users, pipelines, jobs and live traces of a world."""

from psycopg2.extras import execute_values

from . import gitlab

BLOCKED, ACTIVE, TOGGLED = (1, 2, 3), (4, 5), (6, 7)
USERS = {**{user: 'blocked' for user in BLOCKED},
         **{user: 'active' for user in ACTIVE}, 6: 'active', 7: 'blocked',
         8: 'blocked_pending_approval'}
CANCELABLE = ('created', 'waiting_for_resource', 'preparing', 'pending',
              'running', 'scheduled')
# Of each pipeline: status, type, stage.
JOBS = [('running', 'Ci::Build', 0), ('success', 'Ci::Build', 0),
        ('pending', 'Ci::Build', 1), ('created', 'Ci::Build', 1),
        ('created', 'Ci::Bridge', 1), ('manual', 'Ci::Build', 1),
        ('running', 'GenericCommitStatus', 1), ('scheduled', 'Ci::Build', 1)]
PROJECT = 1


class Builds:
    def __init__(self, world):
        self.world = world
        self.random = world.random
        self.pipelines = []  # id, user
        self.jobs = []       # id, pipeline, user, status, type, stage

    def make(self, cursor):
        number = 0
        for user in USERS:
            for _ in range(self.random.randint(1, 3)):
                self.pipelines.append((900_000 + len(self.pipelines), user))
                for status, kind, stage in JOBS:
                    number += 1
                    self.jobs.append((number, self.pipelines[-1][0], user,
                                      status, kind, stage))
        self._insert_rows(cursor)
        self._insert_queues(cursor)
        self._insert_traces(cursor)
        cursor.execute("SELECT setval('ci_builds_id_seq', 100000)")
        cursor.execute('TRUNCATE chaos.jobs')

    def _insert_rows(self, cursor):
        execute_values(cursor, 'INSERT INTO users (id, state) VALUES %s',
                       list(USERS.items()))
        execute_values(cursor, 'INSERT INTO ci_pipeline_schedules (owner_id, '
                       'active) VALUES %s', [(user, True) for user in USERS])
        execute_values(
            cursor, 'INSERT INTO ci_pipelines (id, project_id, user_id, '
            'status, source, locked, started_at, created_at, updated_at) '
            'VALUES %s', self.pipelines,
            f"(%s, {PROJECT}, %s, 'running', 1, 0, timezone('UTC', now()) - "
            "interval '9 minutes', timezone('UTC', now()), "
            "timezone('UTC', now()))")
        execute_values(
            cursor, 'INSERT INTO ci_stages (id, project_id, pipeline_id, name, '
            'position, status) VALUES %s',
            [(10 * pipeline + stage, PROJECT, pipeline, str(stage), stage,
              2 - stage) for pipeline, _ in self.pipelines for stage in (0, 1)])
        execute_values(
            cursor, 'INSERT INTO ci_builds (id, commit_id, project_id, '
            'user_id, type, status, stage_id, stage_idx, name, processed, '
            'token_encrypted, started_at) VALUES %s',
            [(job, pipeline, user, kind, status, 10 * pipeline + stage, stage,
              f'token {job}' if kind == 'Ci::Build' else None)
             for job, pipeline, user, status, kind, stage in self.jobs],
            f"(%s, %s, {PROJECT}, %s, %s, %s, %s, %s, 'job', true, %s, "
            "timezone('UTC', now()) - interval '5 minutes')")

    def _insert_queues(self, cursor):
        builds = [job for job in self.jobs if job[4] == 'Ci::Build']
        pending = [job[0] for job in builds if job[3] == 'pending']
        running = [job[0] for job in builds if job[3] == 'running']
        execute_values(cursor, 'INSERT INTO ci_pending_builds (build_id, '
                       'project_id) VALUES %s',
                       [(job, PROJECT) for job in pending])
        execute_values(cursor, 'INSERT INTO ci_running_builds (build_id, '
                       'project_id, runner_id, runner_type) VALUES %s',
                       [(job, PROJECT, 1, 1) for job in running])
        execute_values(cursor, 'INSERT INTO ci_builds_runner_session '
                       '(build_id, url) VALUES %s',
                       [(job, 'https://runner.example') for job in running])
        execute_values(cursor, 'INSERT INTO deployments (project_id, '
                       'deployable_type, deployable_id, status) VALUES %s',
                       [(PROJECT, 'CommitStatus', job, 1) for job in running])
        execute_values(cursor, 'INSERT INTO ci_resource_groups (id, '
                       'created_at, updated_at, project_id, key) VALUES %s',
                       [(job, PROJECT, f'group {job}') for job in running],
                       '(%s, now(), now(), %s, %s)')
        execute_values(cursor, 'INSERT INTO ci_resources (created_at, '
                       'updated_at, resource_group_id, build_id) VALUES %s',
                       [(job, job) for job in running],
                       '(now(), now(), %s, %s)')
        cursor.execute('UPDATE ci_builds SET resource_group_id = id '
                       'WHERE id = ANY (%s)', (running,))

    # --- traces --------------------------------------------------------------

    def _insert_traces(self, cursor):
        """Of the jobs that run, and of a dropped one of each pipeline."""
        running = [job[0] for job in self.jobs
                   if job[3:5] == ('running', 'Ci::Build')]
        dropped = range(50_001, 50_001 + len(self.pipelines))
        execute_values(
            cursor, 'INSERT INTO ci_builds (id, commit_id, user_id, '
            'stage_id, project_id, type, status, failure_reason, lock_version, '
            'processed, stage_idx, finished_at) VALUES %s',
            [(job, pipeline, user, 10 * pipeline)
             for job, (pipeline, user) in zip(dropped, self.pipelines)],
            f"(%s, %s, %s, %s, {PROJECT}, 'Ci::Build', 'failed', 14, 1, true, "
            "0, timezone('UTC', now()) - interval '1 hour')")
        for job in [*running, *dropped]:
            self._make_trace(cursor, job)
        if self.world.traits['problems']:
            self._lose_a_trace(cursor, dropped[0])

    def _make_trace(self, cursor, job):
        length = self.random.choice([1, 700, 700, 5000, 5000])
        if self.random.random() < 0.12:
            length += gitlab.FULL_CHUNK * self.random.randint(1, 2)
        text = self.random.randbytes(length)
        stores = [gitlab.SHARED_STATE, gitlab.DATABASE, gitlab.REDIS,
                  gitlab.REDIS]
        if self.world.traits['bucket']:
            stores.append(gitlab.OBJECTS)
        chunks = [text[at:at + gitlab.FULL_CHUNK]
                  for at in range(0, len(text), gitlab.FULL_CHUNK)]
        self.world.traces[job] = chunks
        self.world.chunk_stores[job] = [self.random.choice(stores)
                                        for _ in chunks]
        for index, chunk in enumerate(chunks):
            self._put_chunk(cursor, job, index, chunk,
                            self.world.chunk_stores[job][index])

    def _put_chunk(self, cursor, job, index, chunk, store):
        cursor.execute(
            'INSERT INTO ci_build_trace_chunks (build_id, chunk_index, '
            'data_store, raw_data) VALUES (%s, %s, %s, %s)',
            (job, index, store, chunk if store == gitlab.DATABASE else None))
        if store == gitlab.OBJECTS:
            self.world.bucket.put(gitlab.chunk_object(job, index), chunk)
        elif store != gitlab.DATABASE:
            self.world.redis_of(store).command(
                'SET', gitlab.chunk_key(job, index), chunk)

    def _lose_a_trace(self, cursor, job):
        """Its rows are there, and nothing is behind them, for ever."""
        cursor.execute('UPDATE ci_build_trace_chunks SET data_store = %s, '
                       'raw_data = NULL WHERE build_id = %s',
                       (gitlab.REDIS, job))
        for index, store in enumerate(self.world.chunk_stores[job]):
            if store == gitlab.OBJECTS:
                self.world.bucket.remove(gitlab.chunk_object(job, index))
            elif store != gitlab.DATABASE:
                self.world.redis_of(store).command(
                    'DEL', gitlab.chunk_key(job, index))
        self.world.lost[job] = set(range(len(self.world.traces[job])))
        self.world.problems += 1
