// Is a manifest what Kubernetes' API takes, to the last field?  Unknown fields by
// the attributes of the official client's classes, which are made from the OpenAPI
// schema; types, enumerations and required fields by validators made from the same
// schema, and from the prometheus-operator's.
import * as client from '@kubernetes/client-node';

const primitive = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  IntOrString: (value) => ['string', 'number'].includes(typeof value),
  any: () => true,
  Date: () => true,
};

function object_offences(type, value, path) {
  const attributes = client[type]?.getAttributeTypeMap?.();
  if (!attributes)
    return [`${path}: there is no class ${type}`];
  if (typeof value !== 'object' || Array.isArray(value))
    return [`${path}: must be a ${type}`];
  const types = new Map(attributes.map((one) => [one.baseName, one.type]));
  return Object.entries(value).flatMap(([name, inner]) => types.has(name)
    ? field_offences(types.get(name), inner, `${path}.${name}`)
    : [`${path}.${name}: ${type} has no such field`]);
}

function field_offences(type, value, path) {
  if (value === null || value === undefined)
    return [`${path}: is empty`];
  if (primitive[type])
    return primitive[type](value) ? [] : [`${path}: must be a ${type}`];
  const item = /^Array<(.*)>$/.exec(type)?.[1];
  if (item)
    return Array.isArray(value)
      ? value.flatMap((one, at) => field_offences(item, one, `${path}[${at}]`))
      : [`${path}: must be a list`];
  const entry = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (entry)
    return Object.entries(value).flatMap(([name, one]) =>
      field_offences(entry, one, `${path}.${name}`));
  return object_offences(type, value, path);
}

async function validator_offences(resource, group, version) {
  const module = group === 'monitoring.coreos.com'
    ? `@kubernetes-models/prometheus-operator/${group}/${version}/${resource.kind}`
    : `kubernetes-models/${group ? `${group}/` : ''}${version}/${resource.kind}`;
  try {
    const models = await import(module);
    new models[resource.kind](resource).validate();
    return [];
  } catch (error) {
    return [error.message];
  }
}

/// What is wrong with a manifest, a sentence each.
export async function schema_offences(resource) {
  const path = `${resource.kind} ${resource.metadata?.name}`;
  const [version, group] = (resource.apiVersion ?? '').split('/').reverse();
  const type = `${version.charAt(0).toUpperCase()}${version.slice(1)}${resource.kind}`;
  const offences = group === 'monitoring.coreos.com'
    ? [] : object_offences(type, resource, path);
  return [...offences, ...await validator_offences(resource, group, version)];
}
