"""What a fault is."""

import random


class Fault:
    """\\p plan: its kind and its numbers, as the plan of the round has them."""

    allows = ()      # exit statuses besides those of an undisturbed run
    lasts = None     # seconds: from, to
    needs = ()       # of 'bucket', 'disk'
    stays = False    # runs that start later feel it too
    hurts_one_run = False  # and none besides feels it
    part = None      # what it hurts: by one fault at a time

    def __init__(self, round_, plan):
        self.round = round_
        self.world = round_.world
        self.servers = round_.servers
        self.writer = round_.writer
        self.plan = plan
        self.random = random.Random(plan['salt'])

    def begin(self):
        """\\return False if there was nothing to be hurt."""

    def end(self):
        pass

    @classmethod
    def numbers(cls, chance):
        """What a plan says of it."""
        return {}


class ObjectFault(Fault):
    """GitLab itself could do nothing with objects meanwhile."""

    def begin(self):
        with self.writer.gate:
            self.round.object_faults += 1
            self.writer.may_touch_objects = False
            return self.hurt()

    def end(self):
        with self.writer.gate:
            self.heal()
            self.round.object_faults -= 1
            self.writer.may_touch_objects = self.round.object_faults == 0

    def hurt(self):
        raise NotImplementedError

    def heal(self):
        raise NotImplementedError
