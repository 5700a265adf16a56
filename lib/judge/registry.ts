import type { DeclaredClaim } from './declare.ts';

export type ClaimBody = () => Promise<void>;

export interface RegisteredClaim extends DeclaredClaim {
  body: ClaimBody;
}

/** What a suite file writes down: `suite` follows from the id, `level` is core unless told. */
export type ClaimDeclaration = Omit<DeclaredClaim, 'suite' | 'level'> & { level?: DeclaredClaim['level'] };

const registered = new Map<string, RegisteredClaim>();

const ID = /^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/;

/** Declares a claim. @throws Error on an id that is malformed or taken */
export function declareClaim(declaration: ClaimDeclaration, body: ClaimBody): void {
  const { id } = declaration;
  if (!ID.test(id)) throw new Error(`claim id "${id}" is not of the form suite/slug`);
  if (registered.has(id)) throw new Error(`claim id "${id}" is declared twice`);
  registered.set(id, { level: 'core', ...declaration, suite: id.slice(0, id.indexOf('/')), body });
}

/** The claims of the suites imported so far, in the order of their declaration. */
export function registeredClaims(): RegisteredClaim[] {
  return [...registered.values()];
}
