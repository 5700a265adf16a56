import type { DriverSpec } from '../driver.ts';
import { features } from '../features.ts';
import type { Mistake } from '../file/schema.ts';
import type { Path } from '../file/source.ts';
import { placeholderNames } from '../template/placeholders.ts';
import { fill } from '../template/template.ts';
import { sampleFilling } from './samples.ts';
import { stepObjectRemarks } from './step-objects.ts';

/**
 * What is allowed, and hardly meant: fields that nothing reads because of what the driver declares, and declarations that
 * lack what their claims look at. A driver can be used in spite of them.
 */
export function driverRemarks(spec: DriverSpec): Mistake[] {
  return [...undeclared(spec), ...unread(spec), ...incomplete(spec), ...stepObjectRemarks(spec), ...imageRemarks(spec)];
}

const remark = (path: Path, message: string, of: Mistake['of'] = 'key'): Mistake => ({ path, of, message });

function undeclared({ features: { supported, exempt = {} } }: DriverSpec): Mistake[] {
  const silent = Object.keys(features).filter((feature) => !supported.includes(feature) && !(feature in exempt));
  if (silent.length === 0) return [];
  const [are, their] = silent.length === 1 ? ['is', 'its'] : ['are', 'their'];
  const words = `${silent.join(', ')} ${are} neither supported nor exempt: ${their} claims are unsupported without a reason`;
  return [remark(['features'], words)];
}

/** Fields that are never read, each with why. */
function unread(spec: DriverSpec): Mistake[] {
  const supports = (feature: string): boolean => spec.features.supported.includes(feature);
  const dead: [boolean, Path, string][] = [
    [!supports('permissive'), ['modes', 'permissive'], 'permissive'],
    [!supports('egress'), ['modes', 'egress'], 'egress'],
    [!supports('switch-validation'), ['modes', 'permissive', 'invalid'], 'switch-validation'],
    [supports('egress') && !supports('switch-validation'), ['modes', 'egress', 'invalid'], 'switch-validation'],
    [!supports('tcp-policy'), ['policy', 'allow', 'tcp'], 'tcp-policy'],
    [!supports('http-policy'), ['policy', 'allow', 'http'], 'http-policy'],
    [!supports('egress'), ['signatures', 'egress'], 'egress'],
  ];
  const unused = dead
    .filter(([isDead, path]) => isDead && valueAt(spec, path) !== undefined)
    .map(([, path, feature]) => remark(path, `nothing reads it, since ${feature} is not supported`));
  const used = placeholderNames({ ...spec, variables: {} });
  const variables = Object.keys(spec.variables ?? {})
    .filter((name) => !used.has(`var.${name}`))
    .map((name) => remark(['variables', name], `no placeholder {{var.${name}}} takes it`));
  return [...unused, ...variables];
}

/** Declarations without what shows them. */
function incomplete(spec: DriverSpec): Mistake[] {
  const { supported } = spec.features;
  const remarks: Mistake[] = [];
  const at = (feature: string): Path => ['features', 'supported', supported.indexOf(feature)];
  if (supported.includes('sidecar') && spec.dataPlane === undefined) {
    remarks.push(remark(at('sidecar'), 'sidecar can only fail without dataPlane', 'value'));
  }
  for (const name of ['permissive', 'egress'] as const) {
    const isTried = supported.includes('switch-validation') && supported.includes(name);
    if (!isTried || (spec.modes[name]?.invalid ?? []).length > 0) continue;
    const message = `switch-validation can only fail without modes.${name}.invalid`;
    remarks.push(remark(at('switch-validation'), message, 'value'));
  }
  const { http } = spec.policy.allow;
  if (supported.includes('route-objects') && http !== undefined && http.route === undefined) {
    remarks.push(remark(['policy', 'allow', 'http'], 'it has no route, although route-objects is supported'));
  }
  const perPod = spec.diagnostics?.pod ?? [];
  perPod.forEach(({ file }, index) => {
    if (placeholderNames(file).has('pod.name')) return;
    remarks.push(
      remark(['diagnostics', 'pod', index, 'file'], 'every pod overwrites it without {{pod.name}}', 'value'),
    );
  });
  for (const name of ['permissive', 'egress'] as const) {
    const mode = spec.modes[name];
    if (mode === undefined || mode.effect === 'reinstall' || mode.setting !== undefined) continue;
    const message = 'without setting, changes by others go unnoticed, and a live cluster cannot be put back as it was';
    remarks.push(remark(['modes', name], message));
  }
  return remarks;
}

/** Images that are another one every day, or stand in a list twice. */
function imageRemarks(spec: DriverSpec): Mistake[] {
  const { images = [], podImages = [] } = fill(
    { images: spec.images ?? [], podImages: spec.podImages ?? [] },
    sampleFilling(spec),
  );
  const all = [...images, ...podImages];
  return all.flatMap((image, index): Mistake[] => {
    const path = index < images.length ? ['images', index] : ['podImages', index - images.length];
    if (all.indexOf(image) < index) return [remark(path, `${image} is listed twice`, 'value')];
    const isPinned = image.includes('@') || (/:[^/]+$/.test(image) && !image.endsWith(':latest'));
    if (isPinned) return [];
    return [remark(path, `${image} is another image every day; name a tag such as :v1.2.4, or a digest`, 'value')];
  });
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, step) => (node as Record<string | number, unknown> | undefined)?.[step], value);
}
