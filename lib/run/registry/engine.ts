import { ENGINES } from '../../providers/engine.ts';

const variables = [
  'KIND_EXPERIMENTAL_PROVIDER',
  'KIND_EXPERIMENTAL_DOCKER_NETWORK',
  'KIND_EXPERIMENTAL_PODMAN_NETWORK',
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'CONTAINER_HOST',
];

/** Those variables that decide which engine, where, a command talks to. */
export function engineVariables(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of variables) {
    const value = environment[name];
    if (value === undefined || value === '') continue;
    // kind ignores an engine that it does not know.
    if (name !== 'KIND_EXPERIMENTAL_PROVIDER' || ENGINES.includes(value)) found[name] = value;
  }
  return found;
}

/**
 * The environment of a command that is to talk to the engine that was noted, and not to the one that this process would
 * talk to: what was not set then is unset.
 */
export function engineEnvironment(noted: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return Object.fromEntries(variables.map((name) => [name, noted[name]]));
}
