"""What goes wrong with the local store, Redis and the bucket."""

import os
import shutil
import signal

from . import gitlab
from .fault import Fault, ObjectFault

# --- the local store ---------------------------------------------------------

class FullDisk(ObjectFault):
    part = 'store'
    allows = (3,)
    lasts = (0.1, 1.5)
    needs = ('disk',)

    def hurt(self):
        self.servers.disk.fill()

    def heal(self):
        self.servers.disk.empty()


class Unwritable(ObjectFault):
    """All directories of the store, or its root alone."""

    part = 'store'
    allows = (3, 78)
    lasts = (0.1, 1.5)

    def hurt(self):
        self._set_mode(0o555, self.random.random() < 0.7)

    def heal(self):
        self._set_mode(0o777, True)

    def _set_mode(self, mode, all_of_them):
        for directory, _, _ in os.walk(self.world.store):
            try:
                os.chmod(directory, mode)
            except FileNotFoundError:  # the program has removed it
                pass
            if not all_of_them:
                break


class VanishedFiles(Fault):
    """Somebody removes some, with or without their directories, for good."""

    part = 'store'

    def begin(self):
        with self.writer.gate:
            self._remove_some()

    def _remove_some(self):
        candidates = [
            artifact
            for number, artifact in sorted(self.world.artifacts.items())
            if number in self.world.expired - self.world.prolonged
            and number not in self.world.poison
            and artifact.store == gitlab.LOCAL]
        number = min(len(candidates), self.random.randint(1, 8))
        for artifact in self.random.sample(candidates, number):
            self.world.vanished.add((artifact.store, artifact.path))
            path = os.path.join(self.world.store, artifact.path)
            if self.random.random() < 0.5:
                shutil.rmtree(os.path.dirname(path), ignore_errors=True)
            else:
                self.world.remove(artifact.store, artifact.path)


class VanishedStore(ObjectFault):
    """A mount goes away, and comes back."""

    part = 'store'
    allows = (3, 69, 78)
    lasts = (0.1, 1.0)

    def hurt(self):
        os.rename(self.world.store, self.world.store + '.away')

    def heal(self):
        os.rename(self.world.store + '.away', self.world.store)


# --- Redis -------------------------------------------------------------------

class RedisFault(Fault):
    part = 'Redis'
    allows = (3, 69, 78)

    def __init__(self, *words):
        super().__init__(*words)
        self.redis = self.servers.redises[
            self.random.choice(['chunks', 'shared'])]


class RestartRedis(RedisFault):
    """With all that it holds."""

    def begin(self):
        with self.writer.gate:
            self.redis.restart_with_all_it_holds()


class FlushRedis(RedisFault):
    """What it held is lost, exactly."""

    stays = True

    def begin(self):
        with self.writer.gate:
            for key in self.redis.flush():
                if key.startswith('gitlab:ci:trace:'):
                    _, _, _, job, _, index = key.split(':')
                    self.world.lost.setdefault(int(job), set()).add(int(index))
            self.hurt_more()

    def hurt_more(self):
        pass


class KillRedis(FlushRedis):
    """It keeps nothing on disk."""

    def hurt_more(self):
        self.redis.kill()
        self.redis.start()


class FreezeRedis(RedisFault):
    lasts = (0.1, 1.5)

    def begin(self):
        with self.writer.gate:
            self.round.redis_faults += 1
            self.writer.may_touch_redis = False
            self.redis.process.send_signal(signal.SIGSTOP)

    def end(self):
        self.redis.process.send_signal(signal.SIGCONT)
        with self.writer.gate:
            self.round.redis_faults -= 1
            self.writer.may_touch_redis = self.round.redis_faults == 0


# --- the bucket --------------------------------------------------------------

class CutBucket(Fault):
    allows = (3, 69, 78)
    needs = ('bucket',)

    def begin(self):
        return self.round.bucket_proxy.cut() > 0


class SlowBucket(Fault):
    part = 'bucket'
    allows = (3,)
    lasts = (0.2, 1.5)
    needs = ('bucket',)

    def begin(self):
        self.round.bucket_proxy.delay = self.random.choice([0.01, 0.1])

    def end(self):
        self.round.bucket_proxy.delay = 0.0


class RefusingBucket(Fault):
    part = 'bucket'
    allows = (3, 69, 78)
    lasts = (0.1, 1.0)
    needs = ('bucket',)

    def begin(self):
        self.round.bucket_proxy.refuses = True
        self.round.bucket_proxy.cut()

    def end(self):
        self.round.bucket_proxy.refuses = False


class FrozenBucket(ObjectFault):
    part = 'bucket'
    allows = (3, 69, 78)
    lasts = (0.1, 1.5)
    needs = ('bucket',)

    def hurt(self):
        self.servers.swift.signal(signal.SIGSTOP)

    def heal(self):
        self.servers.swift.signal(signal.SIGCONT)
