"""What rounds found: for people, and a line of JSON each to be added up."""

import collections
import json
import os


class Results:
    """Of this call and of earlier ones."""

    def __init__(self, directory):
        os.makedirs(directory, exist_ok=True)
        self.path = os.path.join(directory, 'rounds.jsonl')

    def read(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path, encoding='utf-8') as file:
            return [json.loads(line) for line in file]

    def add(self, result):
        with open(self.path, 'a', encoding='utf-8') as file:
            file.write(json.dumps(result) + '\n')


def tell(result):
    faults = ', '.join(f'{kind} {count}' if count > 1 else kind
                       for kind, count in result['faults'].items())
    print(f'round {result["seed"]}: {result["seconds"]:.1f} s, runs ended '
          f'{result["statuses"]}; {faults or "no fault hit"}', flush=True)
    for violation in result['violations']:
        print(f'  VIOLATION {violation}')
    if result['violations']:
        print(f'  kept in {result["kept"]}; again: '
              f'./dev chaos --seed {result["seed"]}', flush=True)


def summarise(results):
    faults, deeds, statuses = (collections.Counter() for _ in range(3))
    for result in results:
        faults.update(result['faults'])
        deeds.update(result['deeds'])
        statuses.update(result['statuses'])
    violations = sum(len(result['violations']) for result in results)
    seconds = sum(result['seconds'] for result in results)
    print(f'{len(results)} rounds of {seconds / max(1, len(results)):.1f} s, '
          f'{faults.total()} faults, {deeds.total()} deeds of a live GitLab, '
          f'{statuses.total()} runs, {violations} violations')
    for kind, count in faults.most_common():
        print(f'{count:8} {kind}')
    print('runs ended with', ', '.join(
        f'{status} ({count})' for status, count in sorted(statuses.items())))
