// Kustomizations, rendered without kubectl, which Debian has in a version of 2020
// only: as much of them as k8s/ uses.  Anything else in one is an error.  Where
// a kubectl is that can, manifests_test.mjs compares.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import YAML from 'yaml';

const fields = ['apiVersion', 'kind', 'namespace', 'resources', 'patches', 'images',
  'configMapGenerator'];
const without_namespace = ['Namespace', 'PersistentVolume'];
// Lists that a patch merges rather than replaces, and what tells their items
// apart: patchMergeKey in Kubernetes' schema.
const merge_keys = {
  containers: 'name', initContainers: 'name', volumes: 'name', env: 'name',
  volumeMounts: 'mountPath', topologySpreadConstraints: 'topologyKey',
};

/// Every document of a file, as kubectl reads it: YAML 1.1, where 0444 is octal.
export function documents(path) {
  return YAML.parseAllDocuments(readFileSync(path, 'utf8'),
    {version: '1.1', merge: false, uniqueKeys: true}).map((document) => {
    if (document.errors.length > 0)
      throw new Error(`${path}: ${document.errors[0].message}`);
    return document.toJS();
  });
}

const is_map = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function merged_list(base, patch, key) {
  const result = [...base];
  for (const item of patch) {
    const at = result.findIndex((other) => other[key] === item[key]);
    if (at < 0)
      result.push(item);
    else
      result[at] = merged(result[at], item, '');
  }
  return result;
}

/// Strategic merge: null takes a field away.
function merged(base, patch, name) {
  if (Array.isArray(base) && Array.isArray(patch) && merge_keys[name])
    return merged_list(base, patch, merge_keys[name]);
  if (!is_map(base) || !is_map(patch))
    return patch;
  const result = {...base};
  for (const [key, value] of Object.entries(patch))
    if (value === null)
      delete result[key];
    else
      result[key] = merged(base[key], value, key);
  return result;
}

function patched(resources, patch, path) {
  const same = (resource) => resource.kind === patch.kind &&
    resource.metadata.name === patch.metadata.name;
  if (!resources.some(same))
    throw new Error(`${path} patches ${patch.kind} ${patch.metadata.name}, which is not there`);
  return resources.map((resource) =>
    same(resource) ? merged(resource, patch, '') : resource);
}

function with_image(value, image) {
  if (Array.isArray(value))
    return value.map((item) => with_image(item, image));
  if (!is_map(value))
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) =>
    [key, key === 'image' && inner === image.name
      ? `${image.newName}:${image.newTag}` : with_image(inner, image)]));
}

function in_namespace(resource, namespace) {
  if (!namespace || without_namespace.includes(resource.kind))
    return resource;
  return {...resource, metadata: {...resource.metadata, namespace}};
}

/// Only without the suffix that names the content.
function generated({name, files, options}, directory) {
  if (options?.disableNameSuffixHash !== true)
    throw new Error(`${directory}: ConfigMap ${name} would get a suffix`);
  const data = Object.fromEntries(files.map((file) =>
    [file, readFileSync(join(directory, file), 'utf8')]));
  return {apiVersion: 'v1', kind: 'ConfigMap', data, metadata: {name, labels: options.labels}};
}

/// The resources of the kustomization in a directory.
export function render(directory) {
  const [kustomization] = documents(join(directory, 'kustomization.yaml'));
  for (const field of Object.keys(kustomization))
    if (!fields.includes(field))
      throw new Error(`${directory}: tests/k8s/kustomize.mjs does not know ${field}`);

  let resources = kustomization.resources.flatMap((name) =>
    name.endsWith('.yaml') ? documents(join(directory, name))
      : render(join(directory, name)));
  for (const generator of kustomization.configMapGenerator ?? [])
    resources.push(generated(generator, directory));
  for (const {path} of kustomization.patches ?? [])
    for (const patch of documents(join(directory, path)))
      resources = patched(resources, patch, join(directory, path));
  for (const image of kustomization.images ?? [])
    resources = resources.map((resource) => with_image(resource, image));
  return resources.map((resource) => in_namespace(resource, kustomization.namespace));
}
