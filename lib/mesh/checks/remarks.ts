import type { DriverSpec } from '../driver.ts';
import { features } from '../facts.ts';
import { modeNames } from '../mesh.ts';
import { valueAfter, valueAt } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import { fill, placeholderNames } from '../template.ts';
import { sampleFilling } from './samples.ts';
import { stepRemarks } from './step-remarks.ts';

/**
 * What is allowed but probably a mistake: fields that nothing reads, and declarations without the fields that their
 * claims need. The driver still works.
 */
export function driverRemarks(spec: DriverSpec): Mistake[] {
  return [
    ...undeclaredRemarks(spec),
    ...unreadRemarks(spec),
    ...incompleteRemarks(spec),
    ...modeRemarks(spec),
    ...stepRemarks(spec),
    ...imageRemarks(spec),
  ];
}

function undeclaredRemarks({ features: { supported, unsupported = {} } }: DriverSpec): Mistake[] {
  const silent = Object.keys(features).filter((feature) => !supported.includes(feature) && !(feature in unsupported));
  if (silent.length === 0) return [];
  const [are, their] = silent.length === 1 ? ['is', 'its'] : ['are', 'their'];
  const message = `${silent.join(', ')} ${are} neither supported nor unsupported: ${their} claims are unsupported without a reason`;
  return [mistake(['features'], message, 'key')];
}

/** Fields that nothing reads, each with the reason. */
function unreadRemarks(spec: DriverSpec): Mistake[] {
  const supports = (feature: string): boolean => spec.features.supported.includes(feature);
  const readFor: [path: Path, feature: string][] = [
    [['modes', 'permissive'], 'permissive'],
    [['modes', 'egress'], 'egress'],
    [['modes', 'permissive', 'invalid'], 'switch-validation'],
    ...(supports('egress') ? [[['modes', 'egress', 'invalid'], 'switch-validation'] as [Path, string]] : []),
    [['policy', 'allow', 'tcp'], 'tcp-policy'],
    [['policy', 'allow', 'http'], 'http-policy'],
    [['signatures', 'egress'], 'egress'],
  ];
  const unread = readFor
    .filter(([path, feature]) => !supports(feature) && valueAt(spec, path) !== undefined)
    .map(([path, feature]) => mistake(path, `nothing reads this, because ${feature} is not supported`, 'key'));
  const used = placeholderNames({ ...spec, variables: {} });
  const unused = Object.keys(spec.variables ?? {}).filter((name) => !used.has(`var.${name}`));
  return [
    ...unread,
    ...unused.map((name) => mistake(['variables', name], `no placeholder {{var.${name}}} uses this`, 'key')),
  ];
}

/** Declarations without what shows them. */
function incompleteRemarks({ features: { supported }, ...spec }: DriverSpec): Mistake[] {
  const remarks: Mistake[] = [];
  const at = (feature: string): Path => ['features', 'supported', supported.indexOf(feature)];
  if (supported.includes('sidecar') && spec.dataPlane === undefined) {
    remarks.push(mistake(at('sidecar'), 'sidecar can only fail without dataPlane'));
  }
  for (const name of modeNames) {
    const isUsed = supported.includes('switch-validation') && supported.includes(name);
    if (!isUsed || (spec.modes[name]?.invalid ?? []).length > 0) continue;
    remarks.push(mistake(at('switch-validation'), `switch-validation can only fail without modes.${name}.invalid`));
  }
  const { http } = spec.policy.allow;
  if (supported.includes('route-objects') && http !== undefined && http.route === undefined) {
    remarks.push(mistake(['policy', 'allow', 'http'], 'this has no route, but route-objects is supported', 'key'));
  }
  for (const [index, { file }] of (spec.diagnostics?.pod ?? []).entries()) {
    if (placeholderNames(file).has('pod.name')) continue;
    remarks.push(mistake(['diagnostics', 'pod', index, 'file'], 'every pod overwrites this without {{pod.name}}'));
  }
  return remarks;
}

/** Field names for which false means that the mode is on. */
const inverse = /deny|disable|block|forbid|strict|require|restrict|only|reject|refuse|lock|isolat/i;

/** Modes without a setting, and those whose on and off are probably swapped. */
function modeRemarks(spec: DriverSpec): Mistake[] {
  const modes = fill(spec.modes, sampleFilling(spec));
  return modeNames.flatMap((name): Mistake[] => {
    const mode = modes[name];
    if (mode === undefined || mode.effect === 'reinstall') return [];
    const { setting, on = [], off = [] } = mode;
    if (setting === undefined) {
      const message =
        'without setting, changes by others go unnoticed, and the mode of an existing cluster cannot be restored';
      return [mistake(['modes', name], message, 'key')];
    }
    const field = setting.path.join('.');
    const isSwapped = valueAfter(on, setting) === false && valueAfter(off, setting) === true;
    if (!isSwapped || inverse.test(field)) return [];
    return [mistake(['modes', name, 'on'], `on sets ${field} to false, and off to true; are they swapped?`, 'key')];
  });
}

/** Images whose content changes, or that are listed twice. */
function imageRemarks(spec: DriverSpec): Mistake[] {
  const { images = [], podImages = [] } = spec;
  const all = fill([...images, ...podImages], sampleFilling(spec));
  return all.flatMap((image, index): Mistake[] => {
    const path = index < images.length ? ['images', index] : ['podImages', index - images.length];
    if (all.indexOf(image) < index) return [mistake(path, `${image} is listed twice`)];
    const isPinned = image.includes('@') || (/:[^/]+$/.test(image) && !image.endsWith(':latest'));
    if (isPinned) return [];
    return [mistake(path, `${image} changes its content; name a tag such as :v1.2.4, or a digest`)];
  });
}
