"""Between the two marks of a section stands what is measured; the rest of
benchmarks/README.md is prose."""

PAGE = 'benchmarks/README.md'


def put_section(name, lines):
    begin, end = f'<!-- {name}: begin -->', f'<!-- {name}: end -->'
    with open(PAGE, encoding='utf-8') as file:
        page = file.read()
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    text = '\n'.join(lines).rstrip()
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write(f'{before}{begin}\n{text}\n{end}{after}')


def table(head, rows):
    yield '| ' + ' | '.join(head) + ' |'
    yield '|' + '---|' * len(head)
    for row in rows:
        yield '| ' + ' | '.join(row) + ' |'
    yield ''
