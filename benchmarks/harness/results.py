"""benchmarks/results/peers.json: every run, and where and how they were made."""

import datetime
import json
import os
import platform
import subprocess

PATH = 'benchmarks/results/peers.json'


def first_line(*command):
    """What a program says of itself."""
    return subprocess.run(command, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()[0].strip()


def cpu_model():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        for line in file:
            if line.startswith('model name'):
                return line.partition(':')[2].strip()
    return platform.machine()


def machine():
    return {'cores': os.cpu_count(),
            'memory_gib': round(os.sysconf('SC_PAGE_SIZE') *
                                os.sysconf('SC_PHYS_PAGES') / 2**30, 1),
            'kernel': platform.release()}


def stamp():
    now = datetime.datetime.now(datetime.timezone.utc)
    return {'commit': first_line('git', 'rev-parse', '--short', 'HEAD'),
            'date': now.strftime('%Y-%m-%d'), 'cpu': cpu_model()}


def versions(server):
    return {
        'postgresql': server.sql('SHOW server_version'),
        'ruby': first_line('ruby', '--version'),
        'activerecord': first_line(
            'ruby', '-W0', '-e',
            'require "active_record"; puts ActiveRecord::VERSION::STRING'),
        'pgbouncer': first_line('/usr/sbin/pgbouncer', '--version'),
        'ceph': first_line('radosgw', '--version'),
        'rclone': first_line('rclone', '--version'),
        'curl': first_line('curl', '--version').partition(' (')[0],
    }


class Results:
    """Those of the named workloads take the place of older ones."""

    def __init__(self, scale, repetitions, names):
        self.document = {'workloads': {}}
        if os.path.exists(PATH):
            with open(PATH, encoding='utf-8') as file:
                self.document = json.load(file)
        for name in names:
            self.document['workloads'].pop(name, None)
        self.scale, self.repetitions = scale, repetitions

    def add(self, name, runs):
        self.document['workloads'][name] = {
            'scale': self.scale, 'repetitions': self.repetitions,
            **stamp(), 'runs': runs}

    def write(self, server):
        self.document['machine'] = machine()
        self.document['versions'] = versions(server)
        self.document['settings'] = server.settings
        os.makedirs(os.path.dirname(PATH), exist_ok=True)
        with open(PATH, 'w', encoding='utf-8') as file:
            file.write(self._text())

    def _text(self):
        """A run a line, so that a new one changes one line."""
        document = json.dumps(self.document | {'workloads': {}}, indent=1)
        parts = []
        for name, workload in self.document['workloads'].items():
            about = json.dumps(workload | {'runs': []}).removesuffix(']}')
            runs = ',\n   '.join(map(json.dumps, workload['runs']))
            parts.append(f'  "{name}": {about}\n   {runs}]}}')
        return document.replace('"workloads": {}', '"workloads": {\n' +
                                ',\n'.join(parts) + '\n }') + '\n'
