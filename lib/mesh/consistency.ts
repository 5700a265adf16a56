import type { DriverSpec } from './driver.ts';
import type { Mistake } from './schema.ts';
import type { Path } from './source.ts';

/** What a feature declared as supported needs elsewhere in the file. */
const needed: Record<string, { path: Path; has(spec: DriverSpec): boolean }> = {
  permissive: { path: ['modes', 'permissive'], has: ({ modes }) => modes.permissive !== undefined },
  egress: { path: ['modes', 'egress'], has: ({ modes }) => modes.egress !== undefined },
  'tcp-policy': { path: ['policy', 'allow', 'tcp'], has: ({ policy }) => policy.allow.tcp !== undefined },
  'http-policy': { path: ['policy', 'allow', 'http'], has: ({ policy }) => policy.allow.http !== undefined },
  'route-objects': {
    path: ['policy', 'allow', 'tcp', 'route'],
    has: ({ policy }) => policy.allow.tcp?.route !== undefined,
  },
};

/** Fields that contradict one another: features declared twice, or declared without what they need. */
export function consistencyMistakes(spec: DriverSpec): Mistake[] {
  return spec.features.supported.flatMap((feature, index) => {
    const path = ['features', 'supported', index];
    const mistakes: Mistake[] = [];
    if (spec.features.exempt?.[feature] !== undefined) {
      mistakes.push({ path, of: 'value', message: `${feature} is both supported and exempt` });
    }
    const need = needed[feature];
    if (need !== undefined && !need.has(spec)) {
      mistakes.push({ path, of: 'value', message: `${feature} is declared, but ${need.path.join('.')} is missing` });
    }
    return mistakes;
  });
}
