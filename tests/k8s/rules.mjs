// What a rendered kustomization must keep to, beyond the schema: the program's
// options and exit statuses, times inside times, and what a pod may do.
import {complaint} from './program.mjs';

export const by_kind = (resources, kind) =>
  resources.filter((resource) => resource.kind === kind);

/// The specs of Jobs, a CronJob's among them.
export function job_specs(resources) {
  return [...by_kind(resources, 'CronJob').map((one) => one.spec.jobTemplate.spec),
    ...by_kind(resources, 'Job').map((one) => one.spec)];
}

/// The containers of a pod that run one of our programs.
export function our_containers(job) {
  const pod = job.template.spec;
  return [...pod.initContainers ?? [], ...pod.containers]
    .filter((container) => container.command?.[0].startsWith('/usr/bin/ci-janitor'));
}

/// The environment of a container, but for what a Secret holds.
export function variables_of(container, resources) {
  const variables = {};
  for (const {configMapRef} of container.envFrom ?? [])
    Object.assign(variables, by_kind(resources, 'ConfigMap')
      .find((one) => one.metadata.name === configMapRef.name).data);
  for (const {name, value} of container.env ?? [])
    if (value !== undefined)
      variables[name] = value;
  return variables;
}

function option_offences(container, resources, {program, options}) {
  if (container.command[0] !== '/usr/bin/ci-janitor')
    return [];
  const offences = [];
  const secret = (container.env ?? []).filter((one) => one.valueFrom).map((one) => one.name);
  for (const name of secret.filter((one) => one.startsWith('CI_JANITOR_')))
    if (!options.has(name.slice('CI_JANITOR_'.length).toLowerCase().replaceAll('_', '-')))
      offences.push(`there is no variable ${name}`);
  const said = complaint(program, container.args, variables_of(container, resources));
  return said === '' ? offences : [...offences, said];
}

function numbers_of(field, most) {
  if (field === '*')
    return Array.from({length: most}, (_, at) => at);
  const step = /^\*\/(\d+)$/.exec(field)?.[1];
  if (step)
    return Array.from({length: Math.ceil(most / step)}, (_, at) => at * step);
  return field.split(',').map(Number);
}

/// Seconds between two starts.  Where the minutes don't divide the hour, its last
/// stretch is shorter, and Forbid and startingDeadlineSeconds deal with it.
export function period_of(schedule) {
  const [minute, hour, ...days] = schedule.split(' ');
  if (days.join(' ') !== '* * *')
    return 86400;
  const starts = numbers_of(hour, 24).flatMap((h) =>
    numbers_of(minute, 60).map((m) => h * 60 + m));
  return 60 * (starts.length === 1 ? 1440 : starts[1] - starts[0]);
}

function time_offences(cronjob, resources, {options}) {
  const job = cronjob.spec.jobTemplate.spec;
  const grace = job.template.spec.terminationGracePeriodSeconds;
  const limit = Number(variables_of(our_containers(job)[0], resources)
    .CI_JANITOR_TIME_LIMIT ?? options.get('time-limit'));
  const period = period_of(cronjob.spec.schedule);
  const offences = [];
  if (!(limit > 0 && limit + grace < job.activeDeadlineSeconds))
    offences.push(`a run may take ${limit} + ${grace} s, but its Job ${job.activeDeadlineSeconds} s`);
  if (!(job.activeDeadlineSeconds + grace < period))
    offences.push(`a Job may take ${job.activeDeadlineSeconds} + ${grace} s, but the next starts after ${period} s`);
  if (!(cronjob.spec.startingDeadlineSeconds < period))
    offences.push('a start may be later than the next one');
  return offences;
}

function shard_offences(job, resources) {
  const shards = Number(variables_of(our_containers(job)[0], resources).CI_JANITOR_SHARDS ?? 1);
  const pods = job.completionMode === 'Indexed' ? job.completions : 1;
  return shards === pods ? [] : [`${pods} pods are to do ${shards} shares`];
}

// The kubelet reads what the program writes.
function message_offences(container, resources) {
  const path = variables_of(container, resources).CI_JANITOR_TERMINATION_LOG;
  return path === container.terminationMessagePath
    ? [] : [`the termination message is written to ${path}, and read elsewhere`];
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function failure_offences(job, {statuses}) {
  const rules = job.podFailurePolicy?.rules ?? [];
  const hopeless = [statuses.exit_usage, statuses.exit_unexpected, statuses.exit_unfit];
  const fails = rules.filter((rule) => rule.action === 'FailJob');
  const offences = [];
  if (!same(fails.map((rule) => rule.onExitCodes?.values), [hopeless]))
    offences.push(`FailJob must be for exit statuses ${hopeless}`);
  if (!rules.some((rule) => rule.action === 'Ignore' &&
      rule.onPodConditions?.[0].type === 'DisruptionTarget'))
    offences.push('a disruption must not count');
  if (fails.some((rule) => !our_containers(job)
    .some((one) => one.name === rule.onExitCodes?.containerName)))
    offences.push('FailJob names a container that is not there');
  return offences;
}

function pod_offences(job) {
  const pod = job.template.spec;
  const offences = [];
  if (pod.restartPolicy !== 'Never' || pod.automountServiceAccountToken !== false ||
      pod.securityContext.runAsNonRoot !== true ||
      pod.securityContext.seccompProfile?.type !== 'RuntimeDefault')
    offences.push('the pod is not restricted, or restarts, or has a token');
  for (const container of [...pod.initContainers ?? [], ...pod.containers]) {
    const may = container.securityContext ?? {};
    if (may.allowPrivilegeEscalation !== false || may.readOnlyRootFilesystem !== true ||
        !same(may.capabilities?.drop, ['ALL']) ||
        !container.resources?.limits?.memory || !container.resources?.requests?.cpu)
      offences.push(`container ${container.name} may do too much, or has no limits`);
  }
  return [...offences, ...mount_offences(pod)];
}

function mount_offences(pod) {
  const volumes = (pod.volumes ?? []).map((volume) => volume.name);
  return [...pod.initContainers ?? [], ...pod.containers]
    .flatMap((container) => (container.volumeMounts ?? [])
      .filter((mount) => !volumes.includes(mount.name))
      .map((mount) => `container ${container.name} mounts ${mount.name}, which is no volume`));
}

function policy_offences(resources, job) {
  const {labels} = job.template.metadata;
  const selected = by_kind(resources, 'NetworkPolicy').some(({spec}) =>
    spec.policyTypes.includes('Egress') && spec.policyTypes.includes('Ingress') &&
    Object.entries(spec.podSelector.matchLabels).every(([name, value]) => labels[name] === value));
  return selected ? [] : ['no NetworkPolicy closes the pod in'];
}

function image_offences(job, {version}) {
  return our_containers(job).filter((container) => !container.image.endsWith(`:${version}`))
    .map((container) => `the image ${container.image} is not of version ${version}`);
}

/// \param facts program, options, statuses, version: of program.mjs
export function rule_offences(resources, facts) {
  const offences = by_kind(resources, 'CronJob').flatMap((cronjob) => [
    ...time_offences(cronjob, resources, facts),
    ...failure_offences(cronjob.spec.jobTemplate.spec, facts),
    ...shard_offences(cronjob.spec.jobTemplate.spec, resources),
    ...message_offences(our_containers(cronjob.spec.jobTemplate.spec)[0], resources)]);
  for (const job of job_specs(resources))
    offences.push(...pod_offences(job), ...policy_offences(resources, job),
      ...image_offences(job, facts),
      ...our_containers(job).flatMap((one) => option_offences(one, resources, facts)));
  return offences;
}
