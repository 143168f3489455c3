"""What GitLab calls things: numbers, paths, keys."""

import dataclasses
import hashlib
import os

FULL_CHUNK = 131072
SHARED_STATE, DATABASE, OBJECTS, REDIS = 1, 2, 3, 4
LOCAL, REMOTE = 1, 2

PROJECTS = range(1, 9)
WITHOUT_STATISTICS = 7
PENDING_DELETE = 8

# Seconds from now.
PAST = -3600
FUTURE = 30 * 86400


def project_path(project):
    name = hashlib.sha256(str(project).encode()).hexdigest()
    return f'{name[:2]}/{name[2:4]}/{name}'


@dataclasses.dataclass(frozen=True)
class Artifact:
    id: int
    project: int
    pipeline: int
    store: int
    file: str
    size: int

    @property
    def path(self):
        return (f'{project_path(self.project)}/pipelines/{self.pipeline}'
                f'/artifacts/{self.id}/{self.file}')


def chunk_key(job, index):
    return f'gitlab:ci:trace:{job}:chunks:{index}'


def chunk_object(job, index):
    return f'tmp/builds/{job}/chunks/{index}.log'


def write_file(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content)
