"""What goes wrong with the program, PostgreSQL, PgBouncer and the network."""

import signal
import time

import psycopg2

from .fault import Fault

# --- the program itself ------------------------------------------------------

class Kill(Fault):
    allows = (137,)
    hurts_one_run = True

    def begin(self):
        return self.round.signal_one(self.random, signal.SIGKILL, self)


class Terminate(Fault):
    allows = (143,)
    hurts_one_run = True

    def begin(self):
        return self.round.signal_one(self.random, signal.SIGTERM, self)


class Freeze(Fault):
    """SIGSTOP; now and then for longer than every timeout: those of statements
    are up to 4 s, an idle transaction ends after 5 s."""

    part = 'program'
    hurts_one_run = True
    allows = (3, 69)
    lasts = (0.1, 1.2)

    @classmethod
    def numbers(cls, chance):
        return {'lasts': 6.5} if chance.random() < 0.12 else {}

    def begin(self):
        self.run = self.round.signal_one(self.random, signal.SIGSTOP, self)
        return self.run

    def end(self):
        self.run.signal(signal.SIGCONT)


class SecondRun(Fault):
    """Another one beside it, or after it."""

    def begin(self):
        self.round.start_run()


# --- PostgreSQL, PgBouncer, the network --------------------------------------

class EndSessions(Fault):
    allows = (3, 69)

    def begin(self):
        with self.world.session() as cursor:
            cursor.execute(
                'SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM '
                "pg_stat_activity WHERE usename = 'ci_janitor' AND datname = "
                'current_database() ORDER BY pid LIMIT %s) AS chosen',
                (self.random.choice([1, 1, 100]),))
            return cursor.rowcount > 0


class Crash(Fault):
    """PostgreSQL is stopped -m immediate, and started again."""

    allows = (3, 69)

    @classmethod
    def numbers(cls, chance):
        return {'down': round(chance.choice([0, 0, chance.random()]), 3)}

    def begin(self):
        with self.writer.gate:
            self.servers.postgres.crash()
            time.sleep(self.plan['down'])
            self.servers.postgres.start()
            self.writer.reconnect()


class RestartPooler(Fault):
    allows = (3, 69)

    def begin(self):
        self.servers.pooler.restart(
            self.random.choice([signal.SIGKILL, signal.SIGTERM]))
        return self.world.traits['pooled']


class CutNetwork(Fault):
    allows = (3, 69)

    def begin(self):
        return self.round.proxy.cut() > 0


class SlowNetwork(Fault):
    part = 'network'
    allows = (3,)
    lasts = (0.2, 1.5)

    def begin(self):
        self.round.proxy.delay = self.random.choice([0.002, 0.01, 0.05])

    def end(self):
        self.round.proxy.delay = 0.0


class DeadNetwork(Fault):
    """Nothing gets through, and nobody is told."""

    part = 'network'
    allows = (3, 69)
    lasts = (0.1, 2.5)

    def begin(self):
        self.round.proxy.open.clear()

    def end(self):
        self.round.proxy.open.set()


class RefusingNetwork(Fault):
    part = 'network'
    allows = (3, 69)
    lasts = (0.1, 1.0)

    def begin(self):
        self.round.proxy.refuses = True
        self.round.proxy.cut()

    def end(self):
        self.round.proxy.refuses = False


class CutCommit(Fault):
    """The server never gets the COMMIT, or has done it and nobody hears; it may
    be one of a run that has yet to come."""

    allows = (3, 69)
    stays = True

    def begin(self):
        self.round.proxy.cut_at = (self.random.choice(['before', 'after']),
                                   self.random.choice([1, 1, 2, 5, 15]))


class HoldRows(Fault):
    """Somebody else's transaction stays open."""

    part = 'rows'
    lasts = (0.1, 1.0)
    statements = [
        'SELECT FROM project_statistics FOR UPDATE',
        'SELECT FROM ci_pipelines WHERE id % 3 = 0 FOR UPDATE',
        'SELECT FROM ci_pipeline_artifacts WHERE id % 5 = 0 FOR UPDATE',
        'SELECT FROM ci_builds WHERE id % 4 = 0 FOR UPDATE',
        'SELECT FROM ci_deleted_objects WHERE id % 4 = 0 FOR UPDATE',
        'LOCK TABLE ci_build_trace_chunks IN SHARE MODE']

    def begin(self):
        try:
            self.session = self.servers.postgres.connect()
            cursor = self.session.cursor()
            cursor.execute("SET lock_timeout = '300ms'; BEGIN")
            cursor.execute(self.random.choice(self.statements))
        except psycopg2.errors.LockNotAvailable:
            return False

    def end(self):
        self.session.close()
