"""A primary and its hot standby, as autovacuum and replication are set in
production."""

import os
import subprocess
import time

from .server import POSTGRES, Server


class Primary(Server):
    """On a socket alone, without a password.

    Autovacuum comes as often as a GitLab of Omnibus has it come."""

    def __init__(self, directory):
        super().__init__(directory)
        self.settings = Server.settings | {
            'autovacuum': 'on', 'autovacuum_vacuum_scale_factor': '0.02',
            'autovacuum_analyze_scale_factor': '0.01',
            'autovacuum_vacuum_cost_delay': '20ms',
            'autovacuum_naptime': '60s',
            'hot_standby_feedback': 'on'}

    def start(self):
        subprocess.run([POSTGRES, 'remove', self.directory],
                       stderr=subprocess.DEVNULL)
        os.makedirs(os.path.dirname(self.directory), exist_ok=True)
        self._launch(self.settings)
        self._find()

    def _find(self):
        self.place = subprocess.run(
            [POSTGRES, 'where', self.directory], check=True, text=True,
            stdout=subprocess.PIPE).stdout.strip()
        self.environment.update(PGHOST=self.place, PGPORT='5432',
                                PGUSER='postgres', PGDATABASE='postgres')


class Standby(Primary):
    """Has the settings of its primary, since it is a copy."""

    def __init__(self, directory, primary):
        super().__init__(directory)
        self.primary = primary

    def start(self):
        subprocess.run([POSTGRES, 'remove', self.directory],
                       stderr=subprocess.DEVNULL)
        subprocess.run([POSTGRES, 'standby', self.directory,
                        self.primary.directory], check=True)
        self._find()

    def catch_up(self):
        """Until all that the primary has written by now is replayed."""
        there = self.primary.sql('SELECT pg_current_wal_lsn()')
        for _ in range(6000):
            if self.sql('SELECT pg_last_wal_replay_lsn() >= '
                        f"'{there}'") == 't':
                return
            time.sleep(0.1)
        raise RuntimeError('the standby does not catch up')
