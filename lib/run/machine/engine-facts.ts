import type { Fact } from '../../options/index.ts';
import { engine as engineOf, remoteEndpoint } from '../../providers/engine.ts';
import { toolRemedy } from '../../words/index.ts';
import { ask } from './commands.ts';

/** What the provider kind needs: kind, and an engine whose daemon answers. */
export async function kindFacts(environment: NodeJS.ProcessEnv = process.env): Promise<Fact[]> {
  return Promise.all([engineFact(engineOf(environment), remoteEndpoint(environment)), kindFact()]);
}

async function engineFact(engine: string, remote: string | undefined): Promise<Fact> {
  const what = engine === 'docker' ? 'Docker' : engine;
  const format = engine === 'podman' ? '{{.Client.Version}}' : '{{.Server.Version}}';
  const [version, answers] = await Promise.all([
    ask(engine, ['version', '--format', format]),
    // podman's version asks nobody; kind needs what `ps` needs, of every engine.
    ask(engine, ['ps', '-q']),
  ]);
  if (version.ok && answers.ok) return { what, found: version.stdout, remedy: '' };
  const failed = [version, answers].find((answer) => !answer.ok);
  const problem = failed?.ok === false ? failed.problem : 'no answer';
  if (failed?.ok === false && failed.isMissing) {
    return {
      what,
      problem,
      remedy:
        engine === 'docker'
          ? 'install Docker (https://docs.docker.com/engine/install), or podman with KIND_EXPERIMENTAL_PROVIDER=podman'
          : `${toolRemedy(engine)}, or unset KIND_EXPERIMENTAL_PROVIDER to use Docker`,
    };
  }
  if (remote !== undefined) {
    const remedy = `make ${remote} reachable for this user, or unset it to use the engine of this machine`;
    return { what, problem: `does not answer at ${remote} (${problem})`, remedy };
  }
  return {
    what,
    problem: `does not answer (${problem})`,
    remedy:
      engine === 'docker'
        ? 'start Docker (systemctl start docker, or Docker Desktop) and make sure that this user may use it (group docker)'
        : `make ${engine} work for this user: ${engine} ps`,
  };
}

async function kindFact(): Promise<Fact> {
  const answer = await ask('kind', ['version']);
  const remedy = toolRemedy('kind');
  if (!answer.ok) return { what: 'kind', problem: answer.problem, remedy };
  return { what: 'kind', found: /v\d+(\.\d+)+\S*/.exec(answer.stdout)?.[0] ?? answer.stdout, remedy };
}
