// Is the dashboard what Grafana's own schema takes, to the last field, and are its
// panels in order?
//
// The schema is had as types.  A dashboard is written as a literal of them, which may
// have no field that they lack, and TypeScript's compiler judges it; so are the
// options of a panel and its fields, by the types of its kind.  Of Prometheus's
// queries the package has no types: their fields are those of Grafana's documentation
// that we use.
import ts from 'typescript';

const composable = './node_modules/@grafana/schema/dist/esm/raw/composable';
const kinds = [
  {type: 'stat', name: 'Stat', fields: false},
  {type: 'timeseries', name: 'TimeSeries', fields: true},
  {type: 'state-timeline', name: 'StateTimeline', fields: true}];

// In JSON an enumeration is its words; what a panel does not say has a default.
const head = `
import type {Dashboard, DataQuery} from '@grafana/schema';
${kinds.map(({type, name}) => `import type * as ${name} from
  '${composable}/${type.replace('-', '')}/panelcfg/x/${name}PanelCfg_types.gen';`).join('\n')}
type Json<T> = T extends string ? \`\${T}\` : T extends object ? {[Name in keyof T]: Json<T[Name]>} : T;
type Some<T> = T extends Array<infer Item> ? Array<Some<Item>> :
  T extends object ? {[Name in keyof T]?: Some<T[Name]>} : T;
type Query = DataQuery & {expr: string, legendFormat?: string, instant?: boolean,
  range?: boolean, format?: 'time_series' | 'table' | 'heatmap', interval?: string};
`;

function panel_source(panel, at) {
  const kind = kinds.find(({type}) => type === panel.type);
  if (!kind)
    return `const unknown${at}: never = ${JSON.stringify(panel.type)};`;
  const fields = kind.fields ? `Some<Json<${kind.name}.FieldConfig>>` : '{}';
  return `
const options${at}: Some<Json<${kind.name}.Options>> = ${JSON.stringify(panel.options)};
const custom${at}: ${fields} = ${JSON.stringify(panel.fieldConfig.defaults.custom ?? {})};
const queries${at}: Array<Json<Query>> = ${JSON.stringify(panel.targets, null, 1)};`;
}

function source_of(dashboard) {
  return `${head}const all: Json<Dashboard> = ${JSON.stringify(dashboard, null, 1)};
${dashboard.panels.map(panel_source).join('\n')}\nexport {};`;
}

const options = {noEmit: true, strict: true, skipLibCheck: true, types: [],
  lib: ['lib.es2020.d.ts'], module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler};

/// What the schema has against each of these dashboards; all of them at once, since
/// most of the compiler's time goes into the types.
///
/// \param place where node_modules is
export function schema_offences_of(dashboards, place) {
  const sources = new Map(dashboards.map((one, at) =>
    [`${place}/dashboard-${at}.ts`, source_of(one)]));
  const host = ts.createCompilerHost(options);
  const {fileExists, readFile} = host;
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.readFile = (name) => sources.get(name) ?? readFile(name);
  const program = ts.createProgram([...sources.keys()], options, host);
  const others = program.getGlobalDiagnostics();
  return [...sources.keys()].map((name) => [...others,
    ...ts.getPreEmitDiagnostics(program, program.getSourceFile(name))]
    .map((one) => ts.flattenDiagnosticMessageText(one.messageText, ' ')));
}

function overlap(one, other) {
  return one.x < other.x + other.w && other.x < one.x + one.w &&
    one.y < other.y + other.h && other.y < one.y + one.h;
}

/// Panels have names and numbers of their own, lie beside each other, and ask the
/// chosen source for the chosen jobs.
export function panel_offences({panels}) {
  const offences = [];
  panels.forEach((panel, at) => {
    for (const other of panels.slice(at + 1)) {
      if (panel.id === other.id || panel.title === other.title)
        offences.push(`two panels are '${panel.title}', or ${panel.id}`);
      if (overlap(panel.gridPos, other.gridPos))
        offences.push(`'${panel.title}' lies over '${other.title}'`);
    }
    if (panel.gridPos.x + panel.gridPos.w > 24)
      offences.push(`'${panel.title}' is beyond the edge`);
    for (const {refId, expr, datasource} of panel.targets)
      if (!expr.includes('{job=~"$job"') || datasource?.uid !== '${datasource}')
        offences.push(`'${panel.title}' ${refId} asks for other jobs, or elsewhere`);
  });
  return offences;
}
