"""results/peers.svg and peers-sizes.svg, by gnuplot."""

import subprocess

BARS = [('ours', 'ci-janitor'), ('statement', 'one statement,\\nthen unlink'),
        ('psql', 'psql loop'), ('by_id', "pt-archiver's\\nway"),
        ('ruby', 'Ruby,\\nindexed'), ('ruby_legacy', 'Ruby,\\nlegacy')]

START = '''set terminal svg size 720,400 font "sans-serif,12" background "white"
set grid ytics
'''


def gnuplot(script):
    subprocess.run(['gnuplot'], input=START + script, text=True, check=True)


def block(name, lines):
    return f'${name} << END\n' + '\n'.join(lines) + '\nEND\n'


def bars(figures):
    lines = [f'"{label}" {figures.median("headline", way, "rows_s"):.1f}'
             for way, label in BARS if figures.has('headline', way)]
    gnuplot(block('ways', lines) + '''
set output "benchmarks/results/peers.svg"
set title "artifacts destroyed a second, with their files, median"
set logscale y
set yrange [10:*]
set offsets graph 0, 0, graph 0.05, 0
set bmargin 4
set xtics nomirror scale 0
set ylabel "rows a second"
set style fill solid 0.8
set boxwidth 0.6
plot $ways using 0:2:xtic(1) with boxes notitle, \\
     "" using 0:2:(sprintf("%.0f", $2)) with labels offset 0,0.7 notitle
''')


def sizes(figures):
    text, plots = '', []
    for name in ('ours', 'legacy', 'builds'):
        ways = [f'{name}_{size}' for size in ('0.10', '0.33', '1.00')]
        text += block(name, [
            f'{figures.median("sizes", way, "rows")} '
            f'{figures.median("sizes", way, "pass_seconds")}' for way in ways])
        title = {'ours': 'unlocked'}.get(name, name)
        plots.append(f'${name} with linespoints title "{title} pass"')
    gnuplot(text + '''
set output "benchmarks/results/peers-sizes.svg"
set title "cost against size, median"
set logscale xy
set xlabel "rows"
set ylabel "seconds"
set key left top
plot ''' + ', '.join(plots) + '\n')


def draw(figures):
    if figures.has('headline', 'ours'):
        bars(figures)
    if figures.has('sizes', 'ours_1.00'):
        sizes(figures)
