"""Does the checker find what it looks for?  In a world that a clean run has
drained, each promise is broken once, by hand, and mended again; a checker that
can't fail is worth nothing."""

import os

from . import gitlab
from .checker import Checker
from .plan import make_plan
from .round import Round
from .traces import texts_of, text_without

AS_PROGRAM = ('GRANT ALL ON ALL TABLES IN SCHEMA public TO ci_janitor; '
              "SET LOCAL application_name = 'ci-janitor {} x'; "
              'SET LOCAL SESSION AUTHORIZATION ci_janitor; {}; '
              'RESET SESSION AUTHORIZATION')
A_LIVE = ("SELECT {}(id) FROM ci_pipeline_artifacts WHERE expire_at > now() "
          'AND file_store = {}')
A_DROPPED = ("SELECT min(id) FROM ci_builds WHERE failure_reason = 14 "
             "AND id < 50000 AND type = 'Ci::Build'")
AN_ACTIVE = ("SELECT min(id) FROM ci_builds WHERE user_id = 4 "
             "AND status = 'running' AND type = 'Ci::Build'")
ARCHIVED = 'SELECT min(job_id) FROM ci_job_artifacts WHERE file IS NOT NULL'


def as_program(which, sql):
    return AS_PROGRAM.format(which, sql)


# What is done to the database, and what the checker must say of it.
IN_THE_DATABASE = [
    # 2: left over
    ('2: entry', 'INSERT INTO ci_deleted_objects (store_dir, file) '
     "VALUES ('no', 'where')"),
    ('was forgotten', 'DELETE FROM ci_deleted_objects WHERE pick_up_at > '
     "now() + interval '1 day'"),
    ('was forgotten', 'DELETE FROM ci_deleted_objects '
     "WHERE store_dir = '../outside'"),
    ('has expired, is unlocked', 'UPDATE ci_pipeline_artifacts SET expire_at '
     f'= now() - interval \'1 s\' WHERE id = ({A_LIVE.format("min", 1)})'),
    ('nobody wrote down', 'UPDATE ci_pipeline_artifacts SET locked = 2 '
     'WHERE locked = 1'),
    ('2: nothing names', 'DELETE FROM ci_pipeline_artifacts '
     f'WHERE id = ({A_LIVE.format("min", 1)})'),
    ('2: nothing names', 'DELETE FROM ci_pipeline_artifacts '
     f'WHERE id = ({A_LIVE.format("min", 2)})'),
    # 3: destroyed too early
    ('3: artifact', as_program('unlocked', 'DELETE FROM ci_pipeline_artifacts '
     f'WHERE id = ({A_LIVE.format("min", 1)})')),
    ('by the pass unlocked', as_program(
        'unlocked', 'DELETE FROM ci_pipeline_artifacts WHERE locked = 1 AND '
        'expire_at < now()')),
    ('by the pass legacy', as_program(
        'legacy', 'DELETE FROM ci_pipeline_artifacts WHERE locked = 1 AND '
        'expire_at < now()')),
    ('3: artifact', as_program('unlocked', 'DELETE FROM ci_pipeline_artifacts '
                               'WHERE expire_at IS NULL')),
    ('3: poison row', 'DELETE FROM ci_pipeline_artifacts '
     "WHERE file = '../../canary'"),
    # 4: bytes
    ('4: project 1', 'UPDATE project_statistics SET pipeline_artifacts_size = '
     'pipeline_artifacts_size - 1 WHERE project_id = 1'),
    ('4: project 2', 'UPDATE project_statistics SET storage_size = 0 '
     'WHERE project_id = 2'),
    (f'4: project {gitlab.PENDING_DELETE}', 'UPDATE project_statistics SET '
     'pipeline_artifacts_size = 1, storage_size = 1 '
     f'WHERE project_id = {gitlab.PENDING_DELETE}'),
    ('4: 8 rows', 'INSERT INTO project_statistics (project_id, namespace_id) '
     f'VALUES ({gitlab.WITHOUT_STATISTICS}, 1)'),
    # 5: jobs
    ('from success', 'UPDATE users SET state = \'blocked\' WHERE id = 4; '
     + as_program('builds', "UPDATE ci_builds SET status = 'failed', "
                  'failure_reason = 14, lock_version = lock_version + 1 '
                  "WHERE user_id = 4 AND status = 'success'")),
    ('lock_version by 2', as_program(
        'builds', "UPDATE ci_builds SET status = 'failed', failure_reason = 14,"
        f' lock_version = lock_version + 2 WHERE id = ({AN_ACTIVE})')),
    ('who was not blocked', as_program(
        'builds', "UPDATE ci_builds SET status = 'failed', failure_reason = 14,"
        f' lock_version = lock_version + 1 WHERE id = ({AN_ACTIVE})')),
    ('was dropped 2 times', "UPDATE ci_builds SET status = 'running' WHERE id "
     f'= ({A_DROPPED}); ' + as_program(
         'builds', "UPDATE ci_builds SET status = 'failed', "
         f'lock_version = lock_version + 1 WHERE id = ({A_DROPPED})')),
    ('ci_pending_builds still', 'INSERT INTO ci_pending_builds (build_id, '
     f'project_id) VALUES (({A_DROPPED}), 1)'),
    ('ci_running_builds still', 'INSERT INTO ci_running_builds (build_id, '
     f'project_id, runner_id, runner_type) VALUES (({A_DROPPED}), 1, 1, 1)'),
    ('ci_builds_runner_session still', 'INSERT INTO ci_builds_runner_session '
     f"(build_id, url) VALUES (({A_DROPPED}), 'u')"),
    ('ci_resources still', f'UPDATE ci_resources SET build_id = ({A_DROPPED}) '
     'WHERE id = (SELECT max(id) FROM ci_resources)'),
    ('deployments still', 'UPDATE deployments SET status = 1 '
     f'WHERE deployable_id = ({A_DROPPED})'),
    ('is dropped by half', "UPDATE ci_builds SET token_encrypted = 't' "
     f'WHERE id = ({A_DROPPED})'),
    ('is dropped by half', 'UPDATE ci_builds SET finished_at = NULL '
     f'WHERE id = ({A_DROPPED})'),
    ('of a blocked user is still running', "UPDATE users SET state = 'blocked'"
     ' WHERE id = 4'),
    ('nobody was told', 'UPDATE ci_builds SET processed = false '
     f'WHERE id = ({A_DROPPED})'),
    ('no live job', "UPDATE ci_pipelines SET status = 'running' "
     'WHERE user_id = 1'),
    ('schedule', 'UPDATE ci_pipeline_schedules SET active = true '
     'WHERE owner_id = 1'),
    # 6: traces
    ('is not what its row says', 'UPDATE ci_job_artifacts SET size = size + 1'),
    ('was not archived', 'UPDATE ci_job_artifacts SET file = NULL '
     f'WHERE job_id = ({ARCHIVED})'),
    ('without a file', 'UPDATE ci_job_artifacts SET file = NULL '
     f'WHERE job_id = ({ARCHIVED})'),
    ('chunks of job', 'INSERT INTO ci_build_trace_chunks (build_id, '
     f'chunk_index, data_store) VALUES (({ARCHIVED}), 0, 2)'),
    ('6: the row of chunk', 'DELETE FROM ci_build_trace_chunks '
     f'WHERE build_id = ({AN_ACTIVE})'),
    ('6: chunk 0', 'UPDATE ci_build_trace_chunks SET data_store = 2, '
     f"raw_data = 'other' WHERE build_id = ({AN_ACTIVE})"),
    # 8: triggers
    ('is off', 'ALTER TABLE ci_builds DISABLE TRIGGER chaos'),
    ('8: ', 'SET LOCAL session_replication_role = replica; '
     f'DELETE FROM ci_pipeline_artifacts WHERE id = ({A_LIVE.format("max", 1)})'
     ),
]


class SelfTest:
    def __init__(self, servers, program, directory):
        plan = make_plan(1, servers.able) | {'faults': []}
        plan['traits'] |= {'bucket': True, 'problems': True, 'scale': 1,
                           'archive': 'local'}
        self.round = Round(servers, plan, program, directory)
        self.world = self.round.world
        self.failures = []
        self.count = 0

    def run(self):
        """\\return what the checker failed to find."""
        self._compare_texts()
        self.round.prepare()
        try:
            with self.world.session() as self.cursor:
                self.round.run_clean(self.cursor)
                if found := [*self.round.violations, *self._look()]:
                    return [f'in a world in good order: {text}'
                            for text in found]
                self._break_the_database()
                self._break_the_stores()
            self._break_the_program()
        finally:
            self.round.close()
        return self.failures

    def _look(self):
        checker = Checker(self.world, self.cursor)
        checker.promises()
        checker.drained()
        return [str(violation) for violation in checker.found]

    def _expect(self, what, done, found=None):
        self.count += 1
        found = self._look() if found is None else found
        if not any(what in text for text in found):
            self.failures.append(f'"{what}" was not said of: {done}; but '
                                 f'{found}')

    def _compare_texts(self):
        chunks = [b'a' * gitlab.FULL_CHUNK, b'b' * gitlab.FULL_CHUNK, b'c']
        self._expect('ok', 'a gap', ['ok' * (text_without(chunks, (1,)) == (
            chunks[0] + b'\n[ci-janitor: 131072 bytes of this trace are '
            b'missing here]\nc'))])
        self._expect('ok', 'all gaps', [
            'ok' * (len(texts_of(chunks, {0, 2})) == 4)])

    def _break_the_database(self):
        for what, sql in IN_THE_DATABASE:
            self.cursor.execute('BEGIN')
            self.cursor.execute(sql)
            self._expect(what, sql)
            self.cursor.execute('ROLLBACK')

    def _break_the_stores(self):
        for store in (gitlab.LOCAL, gitlab.REMOTE):
            self.cursor.execute(A_LIVE.format('max', store))
            artifact = self.world.artifacts[self.cursor.fetchone()[0]]
            self.world.remove(store, artifact.path)
            self._expect('1: a row names', f'a lost file of store {store}')
            self.world.put(store, artifact.path)
            self.world.put(store, 'lost/and/found')
            self._expect('2: nothing names', f'a leak in store {store}')
            self.world.remove(store, 'lost/and/found')
        self.world.put(gitlab.LOCAL, 'a/.job.log.0123456789abcdef.partial')
        self._expect('half written', 'a partial file')
        self.world.remove(gitlab.LOCAL, 'a/.job.log.0123456789abcdef.partial')
        self._break_traces()
        gitlab.write_file(self.world.canary, b'changed')
        self._expect('7: ', 'a file outside')
        gitlab.write_file(self.world.canary, b'canary')

    def _break_traces(self):
        redis = self.world.redis_of(gitlab.REDIS)
        redis.command('SET', gitlab.chunk_key(50_002, 0), 'x')
        self._expect('was left in Redis', 'a key')
        redis.command('DEL', gitlab.chunk_key(50_002, 0))
        self.world.bucket.put(gitlab.chunk_object(50_002, 0), b'x')
        self._expect('was left in the bucket', 'a chunk')
        self.world.bucket.remove(gitlab.chunk_object(50_002, 0))

        job, store, path, _, _ = self._first_archive()
        content = self.world.get(store, path)
        self.world.put(store, path, content + b'!')
        self._expect('is not what its row says', 'a longer archive')
        self._expect('is not its trace', 'a longer archive')
        self.world.remove(store, path)
        self._expect(f'the archive of job {job} is gone', 'a lost archive')
        self.world.put(store, path, content)

    def _first_archive(self):
        checker = Checker(self.world, self.cursor)
        checker.promises()
        return checker.archives_with_files()[0]

    def _break_the_program(self):
        """It ends as it may not, or not at all."""
        for program, patience, what in (('/bin/false', 5, 'ended with 1'),
                                        (sleeper(self.round), 0.2, 'hangs')):
            self.round.program = program
            run = self.round.start_run()
            self.round.violations.clear()
            self.round.end_run(run, patience)
            self._expect(what, program, list(map(str, self.round.violations)))


def sleeper(round_):
    path = os.path.join(round_.servers.short, 'sleeper')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('#!/bin/sh\nexec sleep 60\n')
    os.chmod(path, 0o755)
    return path
