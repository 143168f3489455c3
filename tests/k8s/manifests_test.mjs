// Every kustomization of k8s/: rendered, valid to the last field, and of one mind
// with the program; and the dashboard.  Then each rule is broken once, and must be
// seen broken.
//
//     node manifests_test.mjs ROOT PROGRAM
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync,
  writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname} from 'node:path';
import {fileURLToPath} from 'node:url';
import {isDeepStrictEqual} from 'node:util';
import {documents, render} from './kustomize.mjs';
import {breaches, dashboard_breaches} from './breaches.mjs';
import {panel_offences, schema_offences_of} from './dashboard.mjs';
import {exit_statuses, options_of, version_of} from './program.mjs';
import {rule_offences} from './rules.mjs';
import {schema_offences} from './schema.mjs';
import YAML from 'yaml';

const [root, program] = process.argv.slice(2);
const facts = {program, options: options_of(program, 'run'),
  statuses: exit_statuses(root), version: version_of(program)};
let failures = 0;

function check(name, offences) {
  console.log(`${offences.length === 0 ? 'ok' : 'FAILED'}  ${name}`);
  offences.forEach((offence) => console.log(`        ${offence}`));
  failures += offences.length;
}

async function offences_of(resources) {
  const offences = rule_offences(resources, facts);
  for (const resource of resources)
    offences.push(...await schema_offences(resource));
  return offences;
}

const directories = ['k8s/base', 'k8s/smoke', 'k8s/monitoring',
  ...readdirSync(`${root}/k8s/overlays`).map((name) => `k8s/overlays/${name}`)]
  .filter((name) => existsSync(`${root}/${name}/kustomization.yaml`));

// Items of merged lists and resources may come in any order.
function ordered(value) {
  if (Array.isArray(value))
    return value.map(ordered).sort((one, other) =>
      JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
  if (value === null || typeof value !== 'object')
    return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, ordered(value[key])]));
}

const resources_of = (text) => YAML.parseAllDocuments(text).map((document) => document.toJS());

function kubectl_offences(directory, resources) {
  const ended = spawnSync('kubectl', ['kustomize', `${root}/${directory}`], {encoding: 'utf8'});
  if (ended.status !== 0)
    return [ended.stderr];
  return isDeepStrictEqual(ordered(resources_of(ended.stdout)), ordered(resources))
    ? [] : ['kubectl kustomize renders it otherwise than tests/k8s/kustomize.mjs'];
}

const version = spawnSync('kubectl', ['version', '--client'], {encoding: 'utf8'}).stdout ?? '';
const has_kubectl = /Kustomize Version: v[5-9]/.test(version);

// As somebody makes it who follows docs/install.md, on top of one of ours.
function guide_offences() {
  const place = mkdtempSync(`${tmpdir()}/ci-janitor-guide-`);
  try {
    const [, example] = /```yaml\n([^]*?)```/.exec(readFileSync(`${root}/docs/install.md`, 'utf8'));
    symlinkSync(root, `${place}/ci-janitor`);
    mkdirSync(`${place}/my-overlay`);
    writeFileSync(`${place}/my-overlay/kustomization.yaml`, example.replaceAll(/^ {3}/gm, ''));
    const ended = spawnSync('kubectl', ['kustomize', `${place}/my-overlay`], {encoding: 'utf8'});
    return ended.status === 0 ? offences_of(resources_of(ended.stdout)) : [ended.stderr];
  } finally {
    rmSync(place, {recursive: true});
  }
}

for (const directory of directories) {
  const resources = render(`${root}/${directory}`);
  check(directory, await offences_of(resources));
  if (has_kubectl)
    check(`${directory}, by kubectl`, kubectl_offences(directory, resources));
}
if (has_kubectl)
  check('the overlay of docs/install.md', await guide_offences());
for (const secret of documents(`${root}/k8s/secret.example.yaml`))
  check(`the example of ${secret.metadata.name}`, await schema_offences(secret));

function must_see(name, sign, offences) {
  check(`seen: ${name}`, offences.some((offence) => sign.test(offence))
    ? [] : [`passes unseen; what was seen: ${offences.join('; ')}`]);
}

const dashboard = JSON.parse(readFileSync(`${root}/k8s/monitoring/dashboard.json`));
const broken = dashboard_breaches.map(({breach}) => {
  const copy = structuredClone(dashboard);
  breach(copy);
  return copy;
});
const judged = [dashboard, ...broken];
const said = schema_offences_of(judged, dirname(fileURLToPath(import.meta.url)))
  .map((offences, at) => [...offences, ...panel_offences(judged[at])]);
check('the dashboard', said[0]);
dashboard_breaches.forEach(({name, sign}, at) => must_see(name, sign, said[at + 1]));

for (const {name, sign, overlay, breach} of breaches) {
  const resources = structuredClone(render(`${root}/k8s/overlays/${overlay}`));
  breach(resources);
  must_see(name, sign, await offences_of(resources));
}
process.exit(failures === 0 ? 0 : 1);
