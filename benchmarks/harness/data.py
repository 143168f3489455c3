"""Databases that are filled once and copied for every run, and the files of the
artifacts that a run destroys."""

import os
import subprocess

PATH = """substr(h, 1, 2) || '/' || substr(h, 3, 2) || '/' || h ||
    '/pipelines/' || pipeline_id || '/artifacts/' || id || '/' || file"""
HASHED = """(SELECT *, encode(sha256(project_id::text::bytea), 'hex') AS h
    FROM ci_pipeline_artifacts) AS a"""
EXPIRED = 'expire_at < now() AND locked = 0'

# The moved rows' old versions go, and the others keep their order.
ONE_PROJECT = f"""
UPDATE ci_pipeline_artifacts SET project_id = 1 WHERE {EXPIRED};
VACUUM (FULL, ANALYZE) ci_pipeline_artifacts;"""
MANY_PROJECTS = f"""
INSERT INTO projects (id, name, namespace_id)
SELECT n, 'project ' || n, n FROM generate_series(1, 100000) AS n
ON CONFLICT DO NOTHING;
INSERT INTO project_statistics (project_id, namespace_id, storage_size,
                                pipeline_artifacts_size)
SELECT id, namespace_id, 1 << 30, 1 << 30 FROM projects
ON CONFLICT DO NOTHING;
UPDATE ci_pipeline_artifacts SET project_id = 1 + hashint8(id)::bigint
    + (hashint8(id) < 0)::int * 2147483648::bigint
WHERE {EXPIRED};
UPDATE ci_pipeline_artifacts SET project_id = 1 + project_id % 100000
WHERE {EXPIRED};
VACUUM (FULL, ANALYZE) ci_pipeline_artifacts;
VACUUM (ANALYZE) project_statistics;"""


def more_expired(number):
    """So many of those that are locked are not any more; then all lie in the
    order in which they expire again."""
    return f"""
UPDATE ci_pipeline_artifacts SET locked = 0 WHERE id IN (
    SELECT id FROM ci_pipeline_artifacts
    WHERE expire_at < now() AND locked <> 0 ORDER BY hashint8(id)
    LIMIT {number});
CLUSTER ci_pipeline_artifacts USING index_ci_pipeline_artifacts_on_expire_at;
VACUUM (ANALYZE);"""


WARM = ['ci_pipeline_artifacts', 'ci_pipelines', 'project_statistics',
        'ci_builds', 'ci_stages']
# Indexes too, which reading a table leaves out, and which are what a live
# GitLab keeps in memory first.  The largest go first, and so are the first to
# go where not all has room; what is larger than a quarter of the buffers would
# push the rest out.
PREWARM = """
SELECT pg_prewarm(oid) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
    AND 4 * pg_relation_size(oid)
        < pg_size_bytes(current_setting('shared_buffers'))
ORDER BY pg_relation_size(oid) DESC;"""


class Data:
    """The copy is called bench, and is gone when the next one is made."""

    def __init__(self, server, directory, store):
        self.server = server
        self.directory = directory
        self.store = store
        self.listed = set()
        self.made = None

    def seed(self, name, scale, jobs=0):
        """The headline's counts, so many times; jobs of blocked users beside
        them, whose traces are in the database."""
        self.server.sql(f'CREATE DATABASE "{name}"')
        command = ['build/ci-janitor-seed', '--profile', 'headline',
                   '--scale', str(scale), '--no-files']
        if jobs:
            command += ['--jobs', str(jobs)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                       env=self.server.environment | {'PGDATABASE': name})
        self.server.sql('VACUUM (ANALYZE)', name)
        self.server.sql('CREATE EXTENSION pg_prewarm', name)

    def derive(self, name, template, change):
        self._copy(name, template)
        self.server.sql(change, name)

    def forget(self, name):
        self.server.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
                        stderr=subprocess.DEVNULL)

    def _copy(self, name, template):
        self.forget(name)
        self.server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" '
                        'STRATEGY file_copy')

    def fresh(self, template):
        """A copy, as warm as a busy GitLab's database is anyway."""
        self._copy('bench', template)
        self.server.sql(''.join(f'SELECT count(*) FROM {table};'
                                for table in WARM) + PREWARM, 'bench')

    def count(self, what):
        return int(self.server.sql(f'SELECT count(*) FROM {what}', 'bench'))

    def expired_files(self, name):
        """The list of them, written once for a template."""
        path = os.path.join(self.directory, f'{name}.list')
        if name not in self.listed:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(self.server.sql(
                    f'COPY (SELECT {PATH} FROM {HASHED} WHERE {EXPIRED} '
                    'ORDER BY expire_at, id) TO STDOUT', name) + '\n')
            self.listed.add(name)
        return path

    def make_files(self, listed):
        """Directories stay from run to run, as a GitLab's do: no way removes
        them."""
        if self.made != listed:
            subprocess.run(['rm', '-rf', self.store], check=True)
            os.makedirs(self.store)
            self.made = listed
        with open(listed, encoding='utf-8') as file:
            subprocess.run(['build/bench-files', 'make', self.store],
                           stdin=file, check=True)

    def files_left(self, listed):
        with open(listed, encoding='utf-8') as file:
            return sum(os.path.exists(os.path.join(self.store, line.rstrip()))
                       for line in file)

    def chill(self):
        """Put the copy's files out of all memory that caches them."""
        self.server.again()
        os.sync()
        for folder, _, files in os.walk(
                os.path.join(self.server.place, 'data/base')):
            for name in files:
                with open(os.path.join(folder, name), 'rb') as file:
                    os.posix_fadvise(file.fileno(), 0, 0,
                                     os.POSIX_FADV_DONTNEED)
