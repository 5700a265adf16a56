const variables = [
  'KIND_EXPERIMENTAL_PROVIDER',
  'KIND_EXPERIMENTAL_DOCKER_NETWORK',
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'CONTAINER_HOST',
];

/** The container engine that kind uses: `docker`, unless KIND_EXPERIMENTAL_PROVIDER names another. */
export function engineName(environment: NodeJS.ProcessEnv = process.env): string {
  return environment['KIND_EXPERIMENTAL_PROVIDER'] || 'docker';
}

/** Those variables that decide which engine, where, a command talks to. */
export function engineVariables(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of variables) {
    const value = environment[name];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}
