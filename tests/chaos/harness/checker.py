"""Does every promise hold?  Found by SQL and by walking the stores, never by
asking the program; the numbers are those of the README's guarantees, as
CONTRIBUTING names them."""

import collections
import dataclasses
import hashlib

from . import builds
from . import gitlab
from .traces import texts_of

PROGRAM = "who = 'ci_janitor'"


@dataclasses.dataclass(frozen=True)
class Violation:
    invariant: int
    text: str

    def __str__(self):
        return f'{self.invariant}: {self.text}'


class Checker:
    """Of one world, while nobody is at work in it."""

    def __init__(self, world, cursor):
        self.world = world
        self.cursor = cursor
        self.found = []
        self._look()

    def promises(self):
        """What holds at every moment, also after a crash."""
        self._objects()
        self._never_destroyed()
        self._statistics()
        self._jobs()
        self._traces()
        self._outside()
        self._triggers()
        return self.found

    def drained(self):
        """What a clean run leaves behind besides."""
        self._left_rows()
        self._left_entries()
        self._left_jobs()
        self._left_traces()
        return self.found

    def _say(self, invariant, text):
        self.found.append(Violation(invariant, text))

    def _rows(self, sql, *values):
        self.cursor.execute(sql, values or None)
        return self.cursor.fetchall()

    def _look(self):
        self.artifacts = {row[0] for row in
                          self._rows('SELECT id FROM ci_pipeline_artifacts')}
        self.entries = {
            entry: (store, path) for entry, store, path in self._rows(
                "SELECT id, file_store, store_dir || '/' || file "
                'FROM ci_deleted_objects')}
        self.archives = self._rows(
            'SELECT job_id, id, project_id, file_store, file, '
            "to_char(created_at AT TIME ZONE 'UTC', 'YYYY_MM_DD'), size, "
            "convert_from(file_sha256, 'UTF8') "
            'FROM ci_job_artifacts WHERE file_type = 3')
        self.objects = self.world.objects()
        self.chunks = self._read_chunks()

    # --- 1, 2: rows and objects ----------------------------------------------

    def _objects(self):
        named = {(self.world.artifacts[number].store,
                  self.world.artifacts[number].path)
                 for number in self.artifacts - self.world.poison}
        for store, path in sorted(named - self.objects - self.world.vanished):
            self._say(1, f'a row names {path} of store {store}, and it is gone')
        known = named | set(self.entries.values()) | self._archive_objects()
        known |= {(gitlab.LOCAL, self.world.artifacts[number].path)
                  for number in self.world.poison}
        for store, path in sorted(self.objects - known):
            if not is_partial(path):
                self._say(2, f'nothing names {path} of store {store}')

    def _archive_objects(self):
        """Of a row without a file it may be in either store."""
        return {(store, archive_path(row)) for row in self.archives
                for store in ([row[3]] if row[4] else
                              [gitlab.LOCAL, gitlab.REMOTE])}

    # --- 3: what was destroyed might be --------------------------------------

    def _never_destroyed(self):
        for number, expire, began in self._rows(
                'SELECT id, expire_at, began FROM chaos.artifacts WHERE '
                f"op = 'DELETE' AND {PROGRAM} "
                'AND (expire_at IS NULL OR expire_at >= began)'):
            self._say(3, f'artifact {number} was destroyed at {began}, and '
                         f'expires at {expire}')
        for number, which, locked, pipeline in self._rows(
                'SELECT id, pass, locked, pipeline_locked FROM chaos.artifacts '
                f"WHERE op = 'DELETE' AND {PROGRAM} AND NOT coalesce("
                "CASE pass WHEN 'unlocked' THEN locked = 0 "
                "WHEN 'legacy' THEN pipeline_locked = 0 END, false)"):
            self._say(3, f'artifact {number} was destroyed by the pass {which} '
                         f'while locked = {locked}, pipeline {pipeline}')
        for number in sorted(self.world.poison - self.artifacts):
            self._say(3, f'poison row {number} was destroyed')

    # --- 4: statistics -------------------------------------------------------

    def _statistics(self):
        expected = collections.Counter(self.world.statistics)
        for operation, project, size, who in self._rows(
                'SELECT op, project_id, size, who FROM chaos.artifacts'):
            if operation == 'INSERT':
                expected[project] += size
            elif project != gitlab.PENDING_DELETE or who != 'ci_janitor':
                expected[project] -= size
        rows = self._rows('SELECT project_id, pipeline_artifacts_size, '
                          'storage_size FROM project_statistics')
        for project, artifacts, storage in rows:
            if (artifacts, storage) != (expected[project],) * 2:
                self._say(4, f'project {project} has {artifacts} bytes of '
                             f'artifacts and {storage} in all, not '
                             f'{expected[project]}')
        if len(rows) != len(gitlab.PROJECTS) - 1:
            self._say(4, f'{len(rows)} rows of statistics')

    # --- 5: jobs -------------------------------------------------------------

    def _jobs(self):
        for row in self._rows(
                'SELECT id, old_status, new_status, reason, versions FROM '
                f'chaos.jobs WHERE {PROGRAM} AND NOT CASE '
                "WHEN old_status = 'failed' OR old_status = new_status "
                'THEN old_status = new_status AND versions = 0 '
                'AND is_processed '
                "ELSE new_status = 'failed' AND reason = 14 AND versions = 1 "
                'AND old_status = ANY (%s) END', list(builds.CANCELABLE)):
            self._say(5, f'job {row[0]} went from {row[1]} to {row[2]}, reason '
                         f'{row[3]}, lock_version by {row[4]}')
        for job, times in self._rows(
                f'SELECT id, count(*) FROM chaos.jobs WHERE {PROGRAM} AND '
                "old_status <> new_status GROUP BY 1 HAVING count(*) > 1"):
            self._say(5, f'job {job} was dropped {times} times')
        self._owners()
        self._dropped()

    def _owners(self):
        """Blocked at the moment, or until a moment ago: a slice is read, and
        dropped by the next statement."""
        for job, user in self._rows(
                f'SELECT j.id, j.user_id FROM chaos.jobs AS j WHERE {PROGRAM} '
                'AND old_status <> new_status AND NOT EXISTS ('
                'SELECT FROM chaos.users AS u WHERE u.id = j.user_id '
                "AND u.state = 'blocked' AND u.at < j.at AND NOT EXISTS ("
                'SELECT FROM chaos.users AS v WHERE v.id = u.id '
                "AND v.at > u.at AND v.at < j.at - interval '20 seconds'))"):
            self._say(5, f'job {job} of user {user}, who was not blocked, was '
                         'dropped')

    def _dropped(self):
        for row in self._rows('''
                SELECT b.id, q.what FROM ci_builds AS b JOIN (
                    SELECT build_id, 'ci_resources' AS what FROM ci_resources
                    UNION ALL SELECT build_id, 'ci_builds_runner_session'
                    FROM ci_builds_runner_session
                    UNION ALL SELECT build_id, 'ci_pending_builds'
                    FROM ci_pending_builds
                    UNION ALL SELECT build_id, 'ci_running_builds'
                    FROM ci_running_builds
                    UNION ALL SELECT deployable_id, 'deployments'
                    FROM deployments WHERE status IN (0, 1, 6)) AS q
                ON q.build_id = b.id WHERE b.failure_reason = 14'''):
            self._say(5, f'{row[1]} still has the dropped job {row[0]}')
        for row in self._rows(
                'SELECT id FROM ci_builds WHERE failure_reason = 14 AND ('
                "status <> 'failed' OR token_encrypted IS NOT NULL "
                'OR finished_at IS NULL OR '
                "scheduled_at IS NOT NULL AND type = 'Ci::Build')"):
            self._say(5, f'job {row[0]} is dropped by half')

    # --- 6: traces -----------------------------------------------------------

    def _traces(self):
        """Every byte is in the archive, or in its chunk, or was taken away by
        the harness."""
        for job, store, path, size, digest in self.archives_with_files():
            content = self.world.get(store, path)
            if content is None:
                self._say(6, f'the archive of job {job} is gone')
            elif (len(content), sha256(content)) != (size, digest):
                self._say(6, f'the archive of job {job} is not what its row '
                             'says')
        filed = {row[0]: row for row in self.archives_with_files()}
        chunks = self.chunks
        for job, parts in self.world.traces.items():
            if job in filed:
                content = self.world.get(*filed[job][1:3])
                if content not in texts_of(parts, self.world.lost.get(job)):
                    self._say(6, f'the archive of job {job} is not its trace')
                continue
            for index, part in enumerate(parts):
                if (chunks.get((job, index)) != part
                        and index not in self.world.lost.get(job, ())):
                    self._say(6, f'chunk {index} of job {job} is lost')
                if (job, index) not in chunks:
                    self._say(6, f'the row of chunk {index} of job {job} is '
                                 'gone, and there is no archive')

    def archives_with_files(self):
        """\\return job, file_store, path, size and SHA-256 of each."""
        return [(row[0], row[3], archive_path(row), row[6], row[7])
                for row in self.archives if row[4]]

    def _read_chunks(self):
        """\\return what is behind the row of each (job, index)."""
        found = {}
        for job, index, store, raw in self._rows(
                'SELECT build_id, chunk_index, data_store, raw_data '
                'FROM ci_build_trace_chunks'):
            if store == gitlab.DATABASE:
                content = None if raw is None else bytes(raw)
            elif store == gitlab.OBJECTS:
                content = self.world.bucket.get(
                    gitlab.chunk_object(job, index))
            else:
                content = self.world.redis_of(store).command(
                    'GET', gitlab.chunk_key(job, index))
            found[job, index] = content
        return found

    # --- 7, 8: the store's root, triggers ------------------------------------

    def _outside(self):
        with open(self.world.canary, 'rb') as file:
            if file.read() != b'canary':
                self._say(7, 'a file beside the store was written to')

    def _triggers(self):
        for name, in self._rows(
                'SELECT tgrelid::regclass::text FROM pg_trigger '
                "WHERE tgname = 'chaos' AND tgenabled <> 'O'"):
            self._say(8, f'the trigger of {name} is off')
        made = len(self.world.first_artifacts) + self._count('artifacts',
                                                             'INSERT')
        gone = self._count('artifacts', 'DELETE')
        if made - gone != len(self.artifacts):
            self._say(8, f'{made} artifacts were made and {gone} destroyed, '
                         f'but {len(self.artifacts)} are left')

    def _count(self, table, operation):
        return self._rows(f'SELECT count(*) FROM chaos.{table} WHERE op = %s',
                          operation)[0][0]

    # --- after a clean run ---------------------------------------------------

    def _left_rows(self):
        for number, in self._rows(
                'SELECT a.id FROM ci_pipeline_artifacts AS a JOIN ci_pipelines '
                'AS p ON p.id = a.pipeline_id WHERE a.expire_at < now() '
                'AND (a.locked = 0 OR p.locked = 0) ORDER BY 1'):
            if number not in self.world.poison:
                self._say(2, f'artifact {number} has expired, is unlocked, and '
                             'was left')
        for number, in self._rows(
                'SELECT a.id FROM ci_pipeline_artifacts AS a JOIN ci_pipelines '
                'AS p ON p.id = a.pipeline_id WHERE a.expire_at < now() '
                'AND p.locked = 1 AND coalesce(a.locked, 2) = 2'):
            self._say(2, f'nobody wrote down that artifact {number} is locked')

    def _left_entries(self):
        for entry, (store, path) in sorted(self.entries.items()):
            if entry not in (self.world.poison_entries
                             | self.world.future_entries):
                self._say(2, f'entry {entry} was left, of {path} in {store}')
        for entry in sorted((self.world.poison_entries |
                             self.world.future_entries) - set(self.entries)):
            self._say(2, f'entry {entry} was forgotten: it was poison, or not '
                         'due')
        for store, path in sorted(self.objects):
            if is_partial(path):
                self._say(2, f'{path} was left half written')

    def _left_jobs(self):
        blocked = [user for user, in self._rows(
            "SELECT id FROM users WHERE state = 'blocked'")]
        for job, status in self._rows(
                'SELECT id, status FROM ci_builds WHERE user_id = ANY (%s) '
                'AND status = ANY (%s)', blocked, list(builds.CANCELABLE)):
            self._say(5, f'job {job} of a blocked user is still {status}')
        for job, in self._rows('SELECT id FROM ci_builds WHERE NOT processed '
                               'AND failure_reason = 14'):
            self._say(5, f'nobody was told that job {job} was dropped')
        for pipeline, status in self._rows(
                'SELECT p.id, p.status FROM ci_pipelines AS p WHERE p.status '
                "IN ('running', 'pending', 'created') AND p.user_id = ANY (%s) "
                'AND NOT EXISTS (SELECT FROM chaos.jobs AS j JOIN ci_builds '
                'AS b ON b.id = j.id WHERE b.commit_id = p.id AND NOT j.who = '
                "'ci_janitor')", blocked):
            self._say(5, f'pipeline {pipeline} has no live job, and is still '
                         f'{status}')
        for schedule, in self._rows(
                'SELECT id FROM ci_pipeline_schedules WHERE active '
                'AND owner_id = ANY (%s)', blocked):
            self._say(5, f'schedule {schedule} of a blocked user is on')

    def _left_traces(self):
        due = {job for job, in self._rows(
            'SELECT id FROM ci_builds WHERE failure_reason = 14')}
        filed = {row[0] for row in self.archives_with_files()}
        chunks = self.chunks
        for job in sorted(due & set(self.world.traces)):
            if self._is_lost(job):
                continue
            if job not in filed:
                self._say(6, f'the trace of job {job} was not archived')
            if any(key[0] == job for key in chunks):
                self._say(6, f'chunks of job {job} were left')
        for row in self.archives:
            if not row[4] and not self._is_lost(row[0]):
                self._say(6, f'job {row[0]} has a row of an archive without a '
                             'file')
        self._left_keys(chunks)

    def _is_lost(self, job):
        """Nothing was left to be archived."""
        lost = self.world.lost.get(job, set())
        return len(lost) == len(self.world.traces[job])

    def _left_keys(self, chunks):
        named = {gitlab.chunk_key(*chunk) for chunk in chunks}
        for key in sorted(self.world.chunk_keys() - named):
            self._say(6, f'{key} was left in Redis')
        if self.world.bucket:
            named = {gitlab.chunk_object(*chunk) for chunk in chunks}
            for key in self.world.bucket.keys():
                if key.startswith('tmp/builds/') and key not in named:
                    self._say(6, f'{key} was left in the bucket')


def archive_path(row):
    job, number, project, _, _, day, *_ = row
    return f'{gitlab.project_path(project)}/{day}/{job}/{number}/job.log'


def is_partial(path):
    name = path.rpartition('/')[2]
    return name.startswith('.') and name.endswith('.partial')


def sha256(content):
    return hashlib.sha256(content).hexdigest()
