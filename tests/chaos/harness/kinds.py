"""Every kind of fault, by the name that it has in results."""

from . import run_faults, store_faults

# Its class, and how often it is taken.
KINDS = {
    'kill -9': (run_faults.Kill, 8),
    'SIGTERM': (run_faults.Terminate, 4),
    'SIGSTOP': (run_faults.Freeze, 3),
    'another run': (run_faults.SecondRun, 10),
    'pg_terminate_backend': (run_faults.EndSessions, 4),
    'PostgreSQL crashed': (run_faults.Crash, 3),
    'PgBouncer restarted': (run_faults.RestartPooler, 3),
    'network cut': (run_faults.CutNetwork, 3),
    'network slow': (run_faults.SlowNetwork, 3),
    'network dead': (run_faults.DeadNetwork, 2),
    'network refusing': (run_faults.RefusingNetwork, 2),
    'COMMIT cut': (run_faults.CutCommit, 6),
    'rows held': (run_faults.HoldRows, 4),
    'disk full': (store_faults.FullDisk, 4),
    'unwritable': (store_faults.Unwritable, 4),
    'files vanished': (store_faults.VanishedFiles, 3),
    'store vanished': (store_faults.VanishedStore, 2),
    'Redis restarted': (store_faults.RestartRedis, 3),
    'Redis flushed': (store_faults.FlushRedis, 2),
    'Redis killed': (store_faults.KillRedis, 2),
    'Redis stopped': (store_faults.FreezeRedis, 2),
    'bucket cut': (store_faults.CutBucket, 2),
    'bucket slow': (store_faults.SlowBucket, 2),
    'bucket refusing': (store_faults.RefusingBucket, 2),
    'bucket stopped': (store_faults.FrozenBucket, 2),
}
