"""What the archive of a trace may hold where the harness took chunks away."""

import itertools

from .gitlab import FULL_CHUNK


def texts_of(chunks, lost):
    """Each chunk that was lost may have been read before: any of them may be
    missing, and none besides.

    \\return the set of texts that are right."""
    lost = sorted(lost or ())
    return {text_without(chunks, missing)
            for count in range(len(lost) + 1)
            for missing in itertools.combinations(lost, count)}


def text_without(chunks, missing):
    """As the README has it: a line says where bytes are missing, how many."""
    text, gap = b'', 0
    for index, chunk in enumerate(chunks):
        if index in missing:
            gap += FULL_CHUNK
            continue
        if gap:
            text += (b'\n[ci-janitor: %d bytes of this trace are missing '
                     b'here]\n' % gap)
            gap = 0
        text += chunk
    if gap > FULL_CHUNK:
        text += (b'\n[ci-janitor: %d bytes of this trace are missing here]\n'
                 % (gap - FULL_CHUNK))
    if gap:
        text += (b'\n[ci-janitor: the end of this trace is missing, up to %d '
                 b'bytes]\n' % FULL_CHUNK)
    return text
