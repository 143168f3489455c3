"""Where servers keep their files."""

import os
import shutil


def place_of_server(name, size=14e9):
    """In memory where there is room for so many bytes: a copy for each run would
    measure the disk, and on a shared one the neighbours."""
    free = shutil.disk_usage('/dev/shm').free
    base = '/dev/shm/janitor-bench' if free > size else 'build/bench'
    return os.path.abspath(os.environ.get('JANITOR_BENCH_SERVER',
                                          f'{base}/{name}/postgres'))


def forget_place(place):
    """The folders above a server that was removed, as far as they are empty."""
    try:
        os.removedirs(os.path.dirname(place))
    except OSError:
        pass  # somebody else is there
