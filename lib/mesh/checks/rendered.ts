import type { DriverSpec } from '../driver.ts';
import { type Fields, isFields, namesObject, parts, valueAt } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';

/** The form of a text that Kubernetes accepts, and its description. */
type Form = [pattern: RegExp, words: string];

const forms = {
  apiVersion: [/^([a-z0-9][a-z0-9.-]*\/)?v\d+((alpha|beta)\d+)?$/, 'GROUP/VERSION, such as apps/v1'],
  kind: [/^[A-Z][A-Za-z0-9]*$/, 'a kind begins with a capital letter, such as Deployment'],
  name: [/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, "lower-case letters, digits, '-' and '.'"],
  roleName: [/^[^/%\s]+$/, "no '/', '%' or space"],
  namespace: [/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "lower-case letters, digits and '-', 63 at most"],
  // https://pkg.go.dev/github.com/distribution/reference
  image: [
    /^([a-z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:\w[\w.-]{0,127})?(@[a-z0-9]+([+._-][a-z0-9]+)*:[0-9a-f]{32,})?$/,
    'NAME:TAG or NAME@sha256:DIGEST, a name of lower-case letters',
  ],
  markName: [/^([a-z0-9][a-z0-9.-]*\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/, 'PREFIX/NAME'],
  label: [/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/, "63 letters, digits, '-', '_' and '.' at most"],
} satisfies Record<string, Form>;

const selectorPlace = ['spec', 'selector', 'matchLabels'];
const podLabels = ['spec', 'template', 'metadata', 'labels'];
/** Where objects have labels and annotations. */
const markPlaces = [
  ['metadata', 'labels'],
  ['metadata', 'annotations'],
  selectorPlace,
  podLabels,
  ['spec', 'template', 'metadata', 'annotations'],
];

/**
 * What Kubernetes would always refuse in a driver's objects, images and marks.
 * @param filled the driver with its placeholders filled in
 */
export function* renderingMistakes(filled: DriverSpec): Iterable<Mistake> {
  for (const [node, path] of parts(filled)) {
    if (path.length > 0 && namesObject(node)) yield* identityMistakes(node, path);
  }
  for (const field of ['images', 'podImages'] as const) {
    for (const [index, image] of (filled[field] ?? []).entries()) yield* misfit(image, forms.image, [field, index]);
  }
  for (const object of ['namespace', 'pod', 'service'] as const) {
    for (const list of ['labels', 'annotations'] as const) {
      for (const [key, value] of Object.entries(filled.enrol?.[object]?.[list] ?? {})) {
        const path = ['enrol', object, list, key];
        yield* misfit(key, forms.markName, path, 'key');
        if (list === 'labels') yield* misfit(value, forms.label, path);
      }
    }
  }
  yield* misfit(filled.controlPlane?.namespace, forms.namespace, ['controlPlane', 'namespace']);
  yield* misfit(filled.dataPlane?.container, forms.namespace, ['dataPlane', 'container']);
  yield* misfit(filled.requires?.clusterDomain, forms.name, ['requires', 'clusterDomain']);
}

/** @param fields a manifest, or a reference to an object */
function* identityMistakes(fields: Fields, path: Path): Iterable<Mistake> {
  const { apiVersion, kind, metadata } = fields;
  const [names, at] = isFields(metadata) ? [metadata, [...path, 'metadata']] : [fields, path];
  const name = String(apiVersion).startsWith('rbac.') ? forms.roleName : forms.name;
  yield* misfit(apiVersion, forms.apiVersion, [...path, 'apiVersion']);
  yield* misfit(kind, forms.kind, [...path, 'kind']);
  yield* misfit(names['name'], name, [...at, 'name']);
  yield* misfit(names['namespace'], forms.namespace, [...at, 'namespace']);
  if (!isFields(metadata)) return;
  yield* markMistakes(fields, path);
  yield* selectorMistakes(fields, path);
}

/** Labels and annotations of an object and of its pods that Kubernetes does not read as texts. */
function* markMistakes(fields: Fields, path: Path): Iterable<Mistake> {
  for (const place of markPlaces) {
    for (const [key, value] of Object.entries(fieldsAt(fields, place))) {
      if (typeof value === 'string') continue;
      const message = `Kubernetes reads ${JSON.stringify(value)} here, and wants a text; write it in quotes`;
      yield mistake([...path, ...place, key], message);
    }
  }
}

/** A selector that does not match the labels of its own pods. */
function* selectorMistakes(fields: Fields, path: Path): Iterable<Mistake> {
  if (valueAt(fields, ['spec', 'template']) === undefined) return;
  const labels = fieldsAt(fields, podLabels);
  for (const [key, value] of Object.entries(fieldsAt(fields, selectorPlace))) {
    const label = labels[key];
    if (label === value) continue;
    const found = label === undefined ? 'do not have it' : `have ${JSON.stringify(label)}`;
    const message = `the selector does not match the pods: the labels of template.metadata ${found}`;
    yield mistake([...path, ...selectorPlace, key], message);
  }
}

/** The fields at a path; none if there is something else. */
function fieldsAt(fields: Fields, path: Path): Fields {
  const found = valueAt(fields, path);
  return isFields(found) ? found : {};
}

function* misfit(value: unknown, [pattern, words]: Form, path: Path, of: Mistake['of'] = 'value'): Iterable<Mistake> {
  if (value === undefined || (typeof value === 'string' && pattern.test(value))) return;
  yield mistake(path, `${JSON.stringify(value)} is not allowed here by Kubernetes; allowed: ${words}`, of);
}
