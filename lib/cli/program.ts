import { Command } from 'commander';
import { type RunOptions, refuseUnknownVariables, resolveOptions } from '../options/index.ts';
import { keepSecret, keepSecretsOf, suggestion, UsageError } from '../words/index.ts';
import type { Actions } from './actions.ts';
import type { CleanOptions } from './clean.ts';
import { addOptions, commandLineLayer } from './command-line.ts';
import { addDriverCommands } from './driver-commands.ts';
import { addProve, type ProveFlags, readProve } from './prove/options.ts';
import { ownVersion } from './version.ts';

const runExamples = `
A switch that a file or the environment sets is unset by --no-NAME. Every option can also stand in meshproof.yaml
(node-image: ...) or in the environment (MESHPROOF_NODE_IMAGE); the command line wins, then the environment.

Examples:
  npm test                                               all suites; on kind, or in the sandbox where kind is missing
  npm test -- --suite tcp-routing                        one suite
  npm test -- --claim 'egress/*' --extended                  the claims of a glob, extended ones too
  npm test -- --mesh osm --set-file lab.values --keep    Open Service Mesh with settings; the cluster stays
  npm test -- --reuse --rerun-failed                     what failed, again, on the cluster that was kept
  npm test -- --provider existing --context staging --allow-mesh-wide-changes
  npm test -- --dry-run                                     what would be created, changed and run, touching nothing

Exit status: 0 nothing failed, 1 a claim failed or is flaky, 2 wrong use, 3 a claim could not be judged or something
did not come up for a reason that is not the mesh's, 130 interrupted.
`;

/** What decides whether a run can start. */
const doctorOptions = [
  ...[
    'mesh',
    'set',
    'set-secret',
    'set-file',
    'install',
    'provider',
    'kubeconfig',
    'context',
    'allow-mesh-wide-changes',
  ],
  ...['cluster-name', 'node-image', 'kind-config', 'load-image', 'keep', 'reuse', 'json', 'config'],
];

/** The program's words. `finish` is told the exit status of the subcommand that ran. */
export function buildProgram(actions: Actions, finish: (status: number) => void): Command {
  const program = new Command('meshproof');
  program
    .description('Conformance and end-to-end tests for service meshes. Options without a subcommand are those of run.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', '\nmeshproof run --help shows the options of a run; npm test -- --help does so too.');

  addOptions(
    subcommand(program, 'run', 'bring a cluster up, install the mesh, test what it promises').addHelpText(
      'after',
      runExamples,
    ),
  ).action(async (_, command: Command) => finish(await actions.run(optionsOf(command))));

  addOptions(
    subcommand(program, 'list', 'print the claims, the meshes, or the faults')
      .option('--meshes', 'the meshes whose drivers come with the program, and which of them were never tried')
      .option('--faults', 'print the cases of the proof: faulty meshes, conforming variants, environment faults')
      .addHelpText('after', examples('list --suite egress', 'list --json', 'list --meshes', 'list --faults --json')),
    ['suite', 'claim', 'json', 'config'],
  ).action(async (flags: { meshes?: boolean; faults?: boolean }, command: Command) => {
    const options = optionsOf(command, true);
    const others = [flags.meshes && '--meshes', flags.faults && '--faults'].filter(Boolean);
    const ofClaims = commandLineLayer(command).values;
    for (const name of ['suite', 'claim']) if (others.length > 0 && ofClaims.has(name)) others.push(`--${name}`);
    if (others.length > 1) throw new UsageError(`${others.join(' and ')} do not go together: choose one`);
    if (flags.faults) return finish(await actions.faults(options.json));
    finish(await (flags.meshes ? actions.meshes(options.json) : actions.run({ ...options, list: true })));
  });

  addOptions(
    subcommand(
      program,
      'doctor',
      'say what this machine has and lacks for a run with these options, and the remedy; 3 where none would start',
    ).addHelpText(
      'after',
      examples('doctor', 'doctor --mesh osm', 'doctor --provider existing --context staging', 'doctor --json'),
    ),
    doctorOptions,
  ).action(async (_, command: Command) => finish(await actions.doctor(optionsOf(command, true))));

  subcommand(program, 'clean', 'remove what dead runs left, and put settings back')
    .option('--all', 'also what was kept, and what runs of other machines and containers left')
    .option('--forget <run>', 'take a run off the list and touch nothing; prints what stays, and how to remove it')
    .option('--kubeconfig <file>', "where a run's cluster asks for a credential plugin: the file whose plugin may run")
    .addHelpText('after', examples('clean', 'clean --all', 'clean --forget 3f9k2a'))
    .action(async ({ all = false, ...others }: Partial<CleanOptions>, command: Command) => {
      refuseWords(command);
      if (all && others.forget !== undefined) throw new UsageError('--all and --forget do not go together');
      finish(await actions.clean({ all, ...others }));
    });

  addOptions(
    subcommand(program, 'report', "make Allure's single HTML page of a run, and print its path")
      .argument('[run]', 'folder or id of a run, or the beginning of its id (default: the last run)')
      .addHelpText('after', examples('report', 'report reports/z3r8cu', 'report z3r', 'report --out /tmp/reports')),
    ['out', 'config'],
  ).action(async (run: string | undefined, _, command: Command) =>
    finish(await actions.report(optionsOf(command, true, 1), run)),
  );

  subcommand(program, 'sandbox', 'keep a sandbox cluster without a mesh up in the foreground, and print its kubeconfig')
    .addHelpText('after', examples('sandbox'))
    .action(async (_, command: Command) => {
      refuseWords(command);
      refuseUnknownVariables(process.env);
      finish(await actions.sandbox());
    });
  addDriverCommands(program, actions, finish, optionsOf);
  addProve(subcommand(program, 'prove', 'run the suites against deliberately faulty meshes')).action(
    async (options: ProveFlags, command: Command) => {
      refuseWords(command);
      refuseUnknownVariables(process.env);
      finish(await actions.prove(readProve(options)));
    },
  );
  return program;
}

function subcommand(program: Command, name: string, description: string): Command {
  return program
    .command(name, { isDefault: name === 'run' })
    .description(description)
    .allowExcessArguments(true)
    .showHelpAfterError(false);
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  meshproof ${line}`).join('\n')}\n`;
}

/** @param looksOnly for a subcommand that touches no cluster, so that consent to touching one is not asked for. */
function optionsOf(command: Command, looksOnly = false, words = 0): RunOptions {
  refuseWords(command, words);
  const commandLine = commandLineLayer(command);
  const values = looksOnly ? new Map([...commandLine.values, ['list', true] as const]) : commandLine.values;
  const options = resolveOptions({ commandLine: { ...commandLine, values }, environment: process.env, folder: '' });
  for (const pair of options.secretSets) keepSecret(pair.slice(pair.indexOf('=') + 1));
  keepSecretsOf(options.sets);
  return options;
}

/** @param allowed how many words the subcommand takes. */
function refuseWords(command: Command, allowed = 0): void {
  const word = command.args[allowed];
  if (word === undefined) return;
  if (command.name() !== 'run') throw new UsageError(`unexpected "${word}" after ${command.name()}`);
  const commands = command.parent?.commands.map((each) => each.name()) ?? [];
  const near = suggestion(word, commands);
  const instead = near === undefined ? `; a suite is named by --suite ${word}` : `; did you mean "${near}"?`;
  throw new UsageError(`unknown command "${word}"${instead} (commands: ${commands.join(', ')})`);
}
