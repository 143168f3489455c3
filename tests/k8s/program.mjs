// What the built program says of itself.
import {readFileSync} from 'node:fs';
import {spawnSync} from 'node:child_process';

/// "run" -> the names and defaults of its options, of its --help
export function options_of(program, command) {
  const help = spawnSync(program, [command, '--help'], {encoding: 'utf8'}).stdout;
  const options = new Map();
  for (const entry of help.split(/\n(?=  --)/).slice(1)) {
    const [, name] = /^  --([a-z-]+)/.exec(entry);
    options.set(name, /\(default:\s+([^)]*)\)/.exec(entry)?.[1]);
  }
  return options;
}

/// "0.1.0"
export function version_of(program) {
  return spawnSync(program, ['--version'], {encoding: 'utf8'}).stdout.trim().split(' ')[1];
}

/// What the program says against these words and variables before it does
/// anything; empty if nothing.  The last variable is one that it must refuse:
/// when it does, it has read all before that one.
export function complaint(program, words, variables) {
  const last = 'CI_JANITOR_END_OF_TEST';
  const ended = spawnSync(program, words, {encoding: 'utf8', env: {...variables, [last]: '1'}});
  return ended.status === 2 && ended.stderr.includes(last) ? '' : ended.stderr.trim();
}

/// exit_usage -> 2, of jobs/exit_status.hpp
export function exit_statuses(root) {
  const header = readFileSync(`${root}/jobs/exit_status.hpp`, 'utf8');
  return Object.fromEntries([...header.matchAll(/(exit_[a-z_]+) = (\d+)/g)]
    .map(([, name, value]) => [name, Number(value)]));
}
