import type { Mesh } from '../mesh/index.ts';
import type { Observation } from '../probe/index.ts';

const kinds = ['http', 'tcp', 'egress'] as const;
type Kind = (typeof kinds)[number];

/** How refusals looked while a driver was tested, in the form of its `signatures`. */
export class Signatures {
  private readonly seen: Record<Kind, Set<string>> = { http: new Set(), tcp: new Set(), egress: new Set() };

  /** Adds a refusal; ignores observations of another outcome. */
  note({
    outcome,
    signature,
    route: { server, protocol },
  }: Pick<Observation, 'outcome' | 'signature' | 'route'>): void {
    if (outcome !== 'not-reached') return;
    this.seen[server?.enrolled === true ? protocol : 'egress'].add(signature);
  }

  /** What was seen, in the form of the driver's field, and what of it the driver does not list; undefined if none was seen. */
  describe(mesh: Pick<Mesh, 'expectedSignatures'>): string | undefined {
    const all = kinds.flatMap((kind) => entry(kind, [...this.seen[kind]]));
    const unlisted = kinds.flatMap((kind) => {
      const listed = mesh.expectedSignatures(kind);
      return entry(
        kind,
        [...this.seen[kind]].filter((signature) => !listed.includes(signature)),
      );
    });
    if (all.length === 0) return undefined;
    const seen = `refusals looked like this: { ${all.join(', ')} }`;
    if (unlisted.length === 0) return seen;
    const isNew = unlisted.join() === all.join();
    return `${seen}\n${isNew ? 'the driver lists none of them' : `the driver does not list { ${unlisted.join(', ')} }`}`;
  }
}

/** `tcp: ["nc 0, silent"]`. */
function entry(kind: Kind, signatures: readonly string[]): string[] {
  const quoted = [...signatures].sort().map((sign) => (sign.includes(',') ? JSON.stringify(sign) : sign));
  return quoted.length === 0 ? [] : [`${kind}: [${quoted.join(', ')}]`];
}
