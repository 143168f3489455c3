// The pod of a rendered CronJob as podman is told of it: command, environment,
// user, mounts, read-only root, capabilities, limits; an argument a line.
//
//     node pod.mjs DIRECTORY SECRETS VOLUMES TERMINATION_LOG [NAME=VALUE ...]
//
// NAME=VALUE are variables that an overlay of one's own would add.
// SECRETS/NAME/KEY are files; a Secret's volume is that directory, each other one is
// VOLUMES/NAME.  The size of scratch is left out.
import {existsSync, readFileSync} from 'node:fs';
import {render} from './kustomize.mjs';
import {by_kind, variables_of} from './rules.mjs';

const [directory, secrets, volumes, termination_log, ...added] = process.argv.slice(2);
const resources = render(directory);
const pod = by_kind(resources, 'CronJob')[0].spec.jobTemplate.spec.template.spec;
const [container] = pod.containers;

function secret_variables() {
  const found = {};
  for (const {name, valueFrom} of container.env ?? []) {
    const reference = valueFrom?.secretKeyRef;
    const file = reference && `${secrets}/${reference.name}/${reference.key}`;
    if (file && existsSync(file))
      found[name] = readFileSync(file, 'utf8').trim();
    else if (file && !reference.optional)
      throw new Error(`there is no ${file}`);
  }
  return found;
}

function source_of({name}) {
  const volume = pod.volumes.find((one) => one.name === name);
  return volume.secret ? `${secrets}/${volume.secret.secretName}` : `${volumes}/${name}`;
}

function mounts() {
  return container.volumeMounts.map((mount) =>
    `--volume=${source_of(mount)}:${mount.mountPath}${mount.readOnly ? ':ro' : ''}`);
}

function rights() {
  const may = container.securityContext;
  return [`--user=${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`,
    ...may.readOnlyRootFilesystem ? ['--read-only', '--read-only-tmpfs=false'] : [],
    ...may.capabilities.drop.map((one) => `--cap-drop=${one}`),
    ...may.allowPrivilegeEscalation === false ? ['--security-opt=no-new-privileges'] : []];
}

// 96Mi is podman's 96m; 500m are half a processor.
function limits() {
  const {cpu, memory} = container.resources.limits;
  const cores = /^(\d+)m$/.exec(cpu)?.[1] / 1000 || Number(cpu);
  return [`--cpus=${cores}`, `--memory=${memory.replace(/i$/, '').toLowerCase()}`];
}

const variables = {...variables_of(container, resources), ...secret_variables()};
const said = [...rights(), ...limits(), ...mounts(),
  `--volume=${termination_log}:${container.terminationMessagePath}`,
  ...Object.entries(variables).map(([name, value]) => `--env=${name}=${value}`),
  ...added.map((variable) => `--env=${variable}`),
  `--entrypoint=${JSON.stringify(container.command)}`,
  `--stop-timeout=${pod.terminationGracePeriodSeconds}`,
  'ci-janitor-image', ...container.args];
console.log(said.join('\n'));
