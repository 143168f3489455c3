// One offence each, of which none may pass.
import {by_kind} from './rules.mjs';

const cronjob = (resources) => by_kind(resources, 'CronJob')[0].spec;
const job = (resources) => cronjob(resources).jobTemplate.spec;
const container = (resources) => job(resources).template.spec.containers[0];
const data = (resources) => by_kind(resources, 'ConfigMap')[0].data;

/// \param sign what an offence must say, so that it is the right one
const breach = (name, sign, change, overlay = 'small') => ({name, sign, overlay, breach: change});

export const breaches = [
  breach('an unknown field of a CronJob', /concurency/, (all) => { cronjob(all).concurency = 'Forbid'; }),
  breach('an unknown field of a container', /volumeMount:/, (all) => { container(all).volumeMount = []; }),
  breach('a word that is none of the enumeration', /concurrencyPolicy/,
    (all) => { cronjob(all).concurrencyPolicy = 'Never'; }),
  breach('a number in words', /activeDeadlineSeconds/, (all) => { job(all).activeDeadlineSeconds = '1020'; }),
  breach('a field that is missing', /mountPath/, (all) => { delete container(all).volumeMounts[0].mountPath; }),
  breach('an option that does not exist', /--vacuum/, (all) => { container(all).args.push('--vacuum'); }),
  breach('a variable that does not exist', /BATCHSIZE/, (all) => { data(all).CI_JANITOR_BATCHSIZE = '9'; }),
  breach('a variable with a value that is none', /many/,
    (all) => { data(all).CI_JANITOR_CONCURRENCY = 'many'; }),
  breach('a secret variable that does not exist', /REDIS_URL/,
    (all) => { container(all).env[0].name = 'CI_JANITOR_REDIS_URL'; }),
  breach('a budget above the deadline', /1000 . 60/, (all) => { data(all).CI_JANITOR_TIME_LIMIT = '1000'; }),
  breach('a budget without an end', /0 . 60/, (all) => { data(all).CI_JANITOR_TIME_LIMIT = '0'; }),
  breach('the default budget above the deadline', /300 . 60/,
    (all) => { delete data(all).CI_JANITOR_TIME_LIMIT; }, 'omnibus-nfs'),
  breach('a deadline above the schedule', /400 . 60/, (all) => { job(all).activeDeadlineSeconds = 400; },
    'omnibus-nfs'),
  breach('a start later than the next', /later than/,
    (all) => { cronjob(all).startingDeadlineSeconds = 3600; }),
  breach('an exit status that is tried for ever', /FailJob/,
    (all) => { job(all).podFailurePolicy.rules[1].onExitCodes.values = [2, 4]; }),
  breach('an exit status that is not tried again', /FailJob/,
    (all) => { job(all).podFailurePolicy.rules[1].onExitCodes.values = [2, 4, 69, 78]; }),
  breach('a drained node that counts', /disruption/, (all) => { job(all).podFailurePolicy.rules.shift(); }),
  breach('a rule for another container', /not there/,
    (all) => { job(all).podFailurePolicy.rules[1].onExitCodes.containerName = 'janitor'; }),
  breach('a root that can be written', /too much/,
    (all) => { container(all).securityContext.readOnlyRootFilesystem = false; }),
  breach('a capability', /too much/, (all) => { container(all).securityContext.capabilities.drop = []; }),
  breach('a user who may be root', /restricted/,
    (all) => { job(all).template.spec.securityContext.runAsNonRoot = false; }),
  breach('a container without a limit', /no limits/, (all) => { delete container(all).resources.limits; }),
  breach('a mount of no volume', /no volume/, (all) => { job(all).template.spec.volumes.pop(); }),
  breach('a pod that no policy closes in', /NetworkPolicy/,
    (all) => { job(all).template.metadata.labels = {app: 'janitor'}; }),
  breach('more pods than shares', /4 pods/, (all) => { data(all).CI_JANITOR_SHARDS = '2'; },
    'sharded'),
  breach('a message that nobody reads', /read elsewhere/,
    (all) => { data(all).CI_JANITOR_TERMINATION_LOG = '/tmp/message'; }),
  breach('an image of another version', /latest/, (all) => { container(all).image = 'ci-janitor:latest'; }),
];

const panel = (dashboard, type) => dashboard.panels.find((one) => one.type === type);

/// Of the dashboard.
export const dashboard_breaches = [
  {name: 'an unknown field of a panel', sign: /titel/, breach: (all) => { all.panels[2].titel = 'x'; }},
  {name: 'a field of another type', sign: /number/, breach: (all) => { all.schemaVersion = '39'; }},
  {name: 'an unknown kind of panel', sign: /never/, breach: (all) => { all.panels[0].type = 'graph'; }},
  {name: 'a word that a panel of numbers does not know', sign: /bright/,
    breach: (all) => { panel(all, 'stat').options.colorMode = 'bright'; }},
  {name: 'an option of another kind of panel', sign: /graphMode/,
    breach: (all) => { panel(all, 'timeseries').options.graphMode = 'area'; }},
  {name: 'an unknown field of a query', sign: /legend/, breach: (all) => { all.panels[0].targets[0].legend = 'x'; }},
  {name: 'two panels of one number', sign: /two panels/, breach: (all) => { all.panels[1].id = all.panels[0].id; }},
  {name: 'a panel over another', sign: /lies over/, breach: (all) => { all.panels[1].gridPos.x = 0; }},
  {name: 'a query for all jobs', sign: /other jobs/,
    breach: (all) => { all.panels[0].targets[0].expr = 'ci_janitor_backlog'; }},
];
