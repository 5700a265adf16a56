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
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}
