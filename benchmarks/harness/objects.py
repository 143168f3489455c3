"""Objects in a bucket of a real Ceph: the program's store beside the tools."""

import contextlib
import hashlib
import os
import re
import subprocess

from . import measure, server as servers
from .ways import PEERS

RGW = 'tests/support/rgw'
BUCKET = 'bench-peers'
DELAYS = (0, 10)


class Ceph:
    def __init__(self, directory):
        self.directory = directory

    def __enter__(self):
        subprocess.run([RGW, 'start', self.directory], check=True)
        printed = subprocess.run([RGW, 'env', self.directory], check=True,
                                 text=True, stdout=subprocess.PIPE).stdout
        environment = dict(os.environ)
        for name, value in re.findall(r"(\w+)='?([^'\s]*)'?", printed):
            environment[name] = value
        environment['AWS_ENDPOINT_URL_S3'] = environment['S3_ENDPOINT']
        environment.pop('AWS_CA_BUNDLE', None)  # rclone refuses to work with one
        return environment

    def __exit__(self, *_):
        subprocess.run([RGW, 'stop', self.directory])


def keys(count):
    for number in range(count):
        project = hashlib.sha256(str(number % 5000 + 1).encode()).hexdigest()
        yield (f'{project[:2]}/{project[2:4]}/{project}/pipelines/'
               f'{1000000 + number}/artifacts/{number}/code_coverage.json')


def rclone(directory, *options):
    return lambda environment: [
        'rclone', '--config', os.path.join(directory, 'rclone.conf'),
        '--s3-endpoint', environment['AWS_ENDPOINT_URL_S3'], *options,
        'delete', f'bench:{BUCKET}']


def ways_of(directory):
    """With how much of the objects, for some seconds of each: sixteen
    connections with a thousand keys a request want many."""
    ours = ['build/bench-objects', 'remove', BUCKET, '-']
    return {
        'ours_4': (1 / 4, lambda environment: ours + ['4']),
        'ours_16': (1, lambda environment: ours + ['16']),
        'rclone': (1 / 8, rclone(directory)),
        'rclone_16': (1 / 8, rclone(directory, '--checkers', '16',
                                    '--transfers', '16')),
        'curl': (1 / 8, lambda environment: [f'{PEERS}/curl_delete.sh',
                                             BUCKET]),
    }


def one_way(bench, environment, behind, count, command):
    """Filled without delay; emptied by what is measured, and found empty."""
    listed = os.path.join(bench.directory, 'keys.list')
    with open(listed, 'w', encoding='utf-8') as file:
        file.writelines(f'{key}\n' for key in keys(count))
    with open(listed, encoding='utf-8') as file:
        subprocess.run(['build/bench-objects', 'fill', BUCKET, '-', '8'],
                       stdin=file, env=environment, check=True,
                       stdout=subprocess.DEVNULL)
    measured = measure.run(command, behind, bench.directory, listed)
    subprocess.run(['build/bench-objects', 'is-empty', BUCKET], env=environment,
                   check=True)
    return measured


def compare(bench, environment, url, delay):
    behind = environment | {'AWS_ENDPOINT_URL_S3': url}
    objects = max(800, int(bench.scale * 50000))
    ways = ways_of(bench.directory)

    def one_round(number):
        for name, (part, command) in ways.items():
            count = int(objects * part)
            measured = one_way(bench, environment, behind, count,
                               command(behind))
            bench.note({'workload': f'objects_{delay}', 'way': name,
                        'round': number, 'rows': count} | measured)
    bench.rounds(f'objects, {delay} ms', one_round, watched=False)


def objects(bench):
    with open(os.path.join(bench.directory, 'rclone.conf'), 'w',
              encoding='utf-8') as file:
        file.write('[bench]\ntype = s3\nprovider = Ceph\nenv_auth = true\n')
    with Ceph(os.path.join(bench.directory, 'rgw')) as environment, \
            contextlib.ExitStack() as proxies:
        address = environment['S3_ENDPOINT'].removeprefix('http://')
        for delay in DELAYS:
            delayed = proxies.enter_context(servers.Delay(address, delay))
            compare(bench, environment, f'http://{delayed}', delay)

