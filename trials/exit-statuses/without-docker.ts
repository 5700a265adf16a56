import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { WorkFolder } from '../lib/work-folder.ts';
import type { StatusCase } from './case.ts';

/**
 * Longest time until a folder that cannot be made is refused, ms. Node's own recursive mkdir never ends below /proc.
 */
const FOLDER_MS = 30_000;

/** The cases that need neither Docker nor a cluster. None may create anything. */
export function casesWithoutDocker({ path, environment }: WorkFolder): StatusCase[] {
  const file = (name: string, text: string) => {
    const full = join(path, name);
    writeFileSync(full, text);
    return full;
  };
  const empty = join(path, 'empty');
  mkdirSync(empty);
  const options = { environment };
  const bare = { environment: { ...environment, PATH: empty } };
  const nowhere = file('nowhere.kubeconfig', stringify(kubeconfig('nowhere', 'https://127.0.0.1:1')));
  const existing = [
    'run',
    '--mesh',
    'none',
    '--provider',
    'existing',
    '--kubeconfig',
    nowhere,
    '--allow-mesh-wide-changes',
  ];
  const driver = file('driver.yaml', 'apiVersion: meshproof/v1alpha1\nkind: MeshDriver\nname: wrong\ninstal: []\n');
  const config = file('config.yaml', 'suite: [egress]\nretries: many\n');
  return [
    { name: 'the claims are listed', status: 0, words: ['list'], options, prints: [/egress\/on-opens/] },
    {
      name: 'unknown suite',
      status: 2,
      words: ['run', '--suite', 'tcp-ruoting'],
      options,
      prints: [/tcp-ruoting.*did you mean "tcp-routing"/],
    },
    {
      name: 'unknown suite, npm test',
      status: 2,
      words: ['run', '--suite', 'tcp-ruoting'],
      options: { environment, door: 'npm' },
      prints: [/tcp-ruoting.*did you mean "tcp-routing"/],
    },
    {
      name: 'a glob that matches no claim',
      status: 2,
      words: ['run', '--claim', 'egres/*'],
      options,
      prints: [/egres\/\*.*did you mean "egress\/\*"/],
    },
    { name: 'unknown mesh', status: 2, words: ['run', '--mesh', 'omz'], options, prints: [/omz.*did you mean "osm"/] },
    { name: 'unknown option', status: 2, words: ['run', '--sute', 'egress'], options, prints: [/--sute.*--suite/] },
    {
      name: 'unknown option, npm test',
      status: 2,
      words: ['run', '--sute', 'egress'],
      options: { environment, door: 'npm' },
      prints: [/--sute.*--suite/],
    },
    {
      name: 'malformed driver',
      status: 2,
      words: ['run', '--mesh', driver],
      options,
      prints: [/driver\.yaml:\d+.*instal/],
    },
    {
      name: 'malformed configuration',
      status: 2,
      words: ['run', '--config', config],
      options,
      prints: [/config\.yaml:2.*retries/],
    },
    {
      name: 'a sandbox whose state folder cannot be made',
      status: 2,
      words: ['sandbox'],
      options: { environment: { ...environment, XDG_STATE_HOME: '/proc/none' }, limitMs: FOLDER_MS },
      prints: [/XDG_STATE_HOME \/proc\/none/],
    },
    { name: 'no Docker', status: 3, words: ['run', '--provider', 'kind'], options: bare, prints: [/[Dd]ocker/, /-> /] },
    {
      name: 'a context that does not exist',
      status: 3,
      words: [...existing, '--context', 'elsewhere'],
      options,
      prints: [/elsewhere/, /nowhere/],
    },
    {
      name: 'a cluster that does not answer',
      status: 3,
      words: [...existing, '--context', 'nowhere'],
      options,
      prints: [/127\.0\.0\.1:1/],
    },
  ];
}

function kubeconfig(name: string, server: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: 'none' } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
}
