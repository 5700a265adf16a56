import type { Manifest } from '../../kube/cluster.ts';
import type { AllowSpec, DriverSpec } from '../driver.ts';
import type { Mistake } from '../file/schema.ts';
import type { Path } from '../file/source.ts';
import { placeholderNames } from '../template/placeholders.ts';

/**
 * Policies that would do something else than to let one client reach one server, whatever the mesh: that overwrite each
 * other, or name no client, or no server. A claim would lay that to the mesh.
 */
export function policyMistakes({ policy }: DriverSpec): Mistake[] {
  return (['tcp', 'http'] as const).flatMap((protocol) => {
    const allow = policy.allow[protocol];
    if (allow === undefined) return [];
    const path = ['policy', 'allow', protocol];
    return [...nameMistakes(allow, path), ...partyMistakes(allow, [...path, 'target'])];
  });
}

function nameMistakes(allow: AllowSpec, path: Path): Mistake[] {
  return (['route', 'target'] as const).flatMap((list) =>
    (allow[list] ?? []).flatMap((object: Manifest, index): Mistake[] => {
      const { name } = object.metadata;
      const differs = [...placeholderNames(name)].some((each) => !/^(set|var)\./.test(each));
      if (differs) return [];
      const words = `"${name}" is one name for the policies of all clients, which several claims make at once`;
      const at = [...path, list, index, 'metadata', 'name'];
      return [{ path: at, of: 'value', message: `${words}; write {{name}} into it` }];
    }),
  );
}

function partyMistakes({ route = [], target }: AllowSpec, path: Path): Mistake[] {
  if (target.length === 0) return [];
  // A name may be made of anything; what it is made of identifies nobody.
  const said = placeholderNames(
    [...route, ...target].map(({ metadata: { name: _, ...rest }, ...fields }) => [rest, fields]),
  );
  return (['client', 'server'] as const)
    .filter((party) => ![...said].some((name) => name.startsWith(`${party}.`)))
    .map((party) => ({
      path,
      of: 'key' as const,
      message: `no object names the ${party}; write {{${party}.namespace}} and {{${party}.serviceAccount}} where the mesh wants to know who it is`,
    }));
}
