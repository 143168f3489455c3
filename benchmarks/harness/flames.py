"""A flame graph as SVG out of what `perf script` prints."""

import collections
import html
import re

WIDTH, HEIGHT = 1200, 16
SAMPLE = re.compile(r'^\S.*?(\d+) [\w:-]+: *$')
FRAME = re.compile(r'^\s+[0-9a-f]+ (.+) \(([^()]*)\)$')
COLORS = {'kernel': '#e8a15c', 'program': '#5b8fd0', 'library': '#8fbf8f',
          'unknown': '#c0c0c0'}


def kind_of(place):
    if place in ('[unknown]', 'inlined'):
        return 'unknown'
    if 'kernel' in place or place.startswith('['):
        return 'kernel'
    return 'program' if place.endswith('ci-janitor') else 'library'


def plain(symbol):
    """Without offset, arguments and template arguments, which fill the page."""
    symbol = re.sub(r'\+0x[0-9a-f]+$', '', symbol).replace(
        '(anonymous namespace)::', '')
    for pair in (r'\([^()]*\)', r'<[^<>]*>'):
        before = None
        while before != symbol:
            before, symbol = symbol, re.sub(pair, '', symbol)
    return symbol.removesuffix(' const').rpartition(' ')[2] or symbol


def stacks(script):
    """Each sample as its frames from the outermost on: (symbol, kind)."""
    frames = []
    for line in script:
        frame = FRAME.match(line)
        if frame:
            place = frame[2]
            name = place.rpartition('/')[2].strip('[]')
            frames.append((plain(frame[1]) if frame[1] != '[unknown]'
                           else f'[{name}]', kind_of(place)))
        elif not line.strip() and frames:
            yield tuple(reversed(frames))
            frames = []
    if frames:
        yield tuple(reversed(frames))


class Node:
    def __init__(self):
        self.count = 0
        self.children = collections.defaultdict(Node)

    def add(self, stack):
        self.count += 1
        if stack:
            self.children[stack[0]].add(stack[1:])

    def depth(self):
        return 1 + max((node.depth() for node in self.children.values()),
                       default=0)


def boxes(node, x, level, scale):
    for (symbol, kind), child in sorted(node.children.items()):
        width = child.count * scale
        if width >= 1:
            yield x, level, width, symbol, kind, child.count
            yield from boxes(child, x, level + 1, scale)
        x += width


def draw(samples, title):
    """The text of the SVG."""
    root = Node()
    for stack in samples:
        root.add(stack)
    height = (root.depth() + 2) * HEIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
             f'height="{height}" font-family="sans-serif" font-size="11">',
             '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="4" y="13">{html.escape(title)}</text>']
    for x, level, width, symbol, kind, count in boxes(
            root, 0, 0, WIDTH / max(1, root.count)):
        y = height - (level + 1) * HEIGHT
        share = 100 * count / root.count
        text = html.escape(symbol[:int(width / 6.5)] if width > 26 else '')
        parts.append(
            f'<g><title>{html.escape(symbol)}: {share:.1f} %</title>'
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" '
            f'height="{HEIGHT - 1}" fill="{COLORS[kind]}" stroke="white" '
            f'stroke-width="0.5"/>'
            f'<text x="{x + 3:.1f}" y="{y + 11}">{text}</text></g>')
    return '\n'.join(parts + ['</svg>']) + '\n'
