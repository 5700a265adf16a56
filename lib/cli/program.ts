import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { PROJECT } from '../compiled/built.js';
import { type Answers, questions } from '../driver-kit/answers.ts';
import { type RunOptions, refuseUnknownVariables, resolveOptions } from '../options/index.ts';
import { didYouMean, keepSecret, keepSecretsOf, suggestion, UsageError } from '../words/index.ts';
import type { CleanOptions } from './clean.ts';
import { addOptions, commandLineLayer } from './command-line.ts';
import { addProve, type ProveOptions } from './prove/options.ts';

/** What each subcommand does once its words are read. Each returns the exit status. */
export interface Actions {
  run(options: RunOptions): Promise<number>;
  doctor(options: RunOptions): Promise<number>;
  clean(options: CleanOptions): Promise<number>;
  report(options: RunOptions, run: string | undefined): Promise<number>;
  sandbox(): Promise<number>;
  prove(options: ProveOptions): Promise<number>;
  faults(json: boolean): Promise<number>;
  meshes(json: boolean): Promise<number>;
  driverInit(file: string | undefined, flags: Partial<Answers>): Promise<number>;
  driverCheck(
    names: string[],
    options: { sets: readonly string[]; rendered: boolean; against?: string },
  ): Promise<number>;
  driverTest(options: RunOptions): Promise<number>;
}

const RUN_HELP = `
--no-NAME unsets a switch that a file or the environment sets. Every option can also be in meshproof.yaml
(node-image: ...) or in the environment (MESHPROOF_NODE_IMAGE). The command line wins, then the environment.

Examples:
  npm test                                               all suites; on kind, or in the sandbox where kind is missing
  npm test -- --suite tcp-routing                        one suite
  npm test -- --claim 'egress/*' --extended              the claims of a glob, extended ones too
  npm test -- --mesh osm --set-file lab.values --keep    Open Service Mesh with settings; the cluster stays
  npm test -- --reuse --rerun-failed                     what failed, again, on the cluster that was kept
  npm test -- --provider existing --context staging --allow-mesh-wide-changes
  npm test -- --dry-run                                  what would be created, changed and run; touches nothing

Exit status: 0 nothing failed, 1 a claim failed or is flaky, 2 wrong use, 3 a claim is inconclusive or something
did not come up for a reason that is not the mesh's, 130 interrupted.
`;

const DRIVER_HELP = `${examples(
  'driver init my-mesh.yaml --name my-mesh --container my-proxy',
  'driver check my-mesh.yaml --rendered',
  'driver test my-mesh.yaml --set image.tag=v2 --keep',
)}
docs/drivers.md describes each field.
`;

const DRIVER_OPTIONS = ['set', 'set-secret', 'set-file', 'config'];
const CLUSTER_OPTIONS = ['provider', 'cluster-name', 'node-image', 'kind-config', 'keep', 'reuse', 'load-image'];
const DOCTOR_OPTIONS = ['mesh', 'install', 'kubeconfig', 'context', 'allow-mesh-wide-changes', 'json'];
const TEST_OPTIONS = ['image', 'registry', 'pull-secret', 'timeout-scale', 'out', 'verbose'];

/** The command line's words. `finish` gets the exit status of the subcommand that ran. */
export function buildProgram(actions: Actions, finish: (status: number) => void): Command {
  const program = new Command('meshproof');
  program
    .description('Conformance and end-to-end tests for service meshes. Without a command, meshproof runs "run".')
    .version(ownVersion(), '-V, --version', 'print the version')
    // Otherwise it would take the --version of driver init.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', '\nmeshproof run --help shows the options of a run; npm test -- --help does so too.');

  addOptions(
    subcommand(program, 'run', 'bring up a cluster, install the mesh, test its claims').addHelpText('after', RUN_HELP),
  ).action(async (_, command: Command) => finish(await actions.run(optionsOf(command))));

  addOptions(
    subcommand(program, 'list', 'print the claims, the meshes, or the faults')
      .addOption(
        new Option(
          '--meshes',
          'the drivers that come with the program, and which of them were never seen working',
        ).conflicts(['faults', 'suite', 'claim']),
      )
      .addOption(
        new Option(
          '--faults',
          'the cases of the proof: faulty meshes, conforming variants, environment faults',
        ).conflicts(['suite', 'claim']),
      )
      .addHelpText('after', examples('list --suite egress', 'list --json', 'list --meshes', 'list --faults --json')),
    ['suite', 'claim', 'json', 'config'],
  ).action(async (flags: { meshes?: boolean; faults?: boolean }, command: Command) => {
    const options = optionsOf(command, true);
    if (flags.faults) return finish(await actions.faults(options.json));
    finish(await (flags.meshes ? actions.meshes(options.json) : actions.run({ ...options, list: true })));
  });

  addOptions(
    subcommand(
      program,
      'doctor',
      'check what this machine needs for a run with these options; exit status 3 if a run could not start',
    ).addHelpText(
      'after',
      examples('doctor', 'doctor --mesh osm', 'doctor --provider existing --context staging', 'doctor --json'),
    ),
    [...DOCTOR_OPTIONS, ...DRIVER_OPTIONS, ...CLUSTER_OPTIONS],
  ).action(async (_, command: Command) => finish(await actions.doctor(optionsOf(command, true))));

  subcommand(program, 'clean', 'remove what crashed runs left, and restore settings')
    .option('--all', 'also remove what --keep kept, and what runs of other machines and containers left')
    .addOption(
      new Option(
        '--forget <run>',
        'remove a run from the run registry and touch nothing else; prints what stays, and how to remove it',
      ).conflicts('all'),
    )
    .option('--kubeconfig <file>', "the kubeconfig whose credential plugin may run, where a run's cluster needs one")
    .addHelpText('after', examples('clean', 'clean --all', 'clean --forget 3f9k2a'))
    .action(async ({ all = false, ...others }: Partial<CleanOptions>, command: Command) => {
      refuseWords(command);
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

  subcommand(program, 'sandbox', 'start a sandbox cluster without a mesh, and print its kubeconfig; Ctrl-C ends it')
    .addHelpText('after', examples('sandbox'))
    .action(async (_, command: Command) => {
      refuseWords(command);
      refuseUnknownVariables(process.env);
      finish(await actions.sandbox());
    });
  addDriverCommands(program, actions, finish);
  addProve(subcommand(program, 'prove', 'run the suites against deliberately faulty meshes')).action(
    async (options: ProveOptions, command: Command) => {
      refuseWords(command);
      refuseUnknownVariables(process.env);
      finish(await actions.prove(options));
    },
  );
  return program;
}

/** Adds `driver init`, `driver check` and `driver test`. */
function addDriverCommands(program: Command, actions: Actions, finish: (status: number) => void): void {
  const driver = program
    .command('driver')
    .description('write a driver for a mesh, check it, test it')
    .addHelpText('after', DRIVER_HELP);
  driver.allowExcessArguments(true).action(() => {
    const [word] = driver.args;
    if (word === undefined) return driver.help();
    const words = driver.commands.map((each) => each.name());
    throw new UsageError(`unknown command "driver ${word}"${didYouMean(word, words)} (commands: ${words.join(', ')})`);
  });

  const init = driver
    .command('init')
    .description('write a driver with comments to start from; on a terminal it asks for what no flag gives')
    .argument('[file]', 'file to write (default: print it)');
  for (const { flag, value, question } of questions) init.option(`--${flag} <${value}>`, question);
  init.action(async (file: string | undefined, flags: Partial<Answers>) =>
    finish(await actions.driverInit(file, flags)),
  );

  addOptions(
    driver
      .command('check')
      .description('check drivers for mistakes; runs nothing')
      .argument('<file...>', "driver files, or names of the program's own")
      .option('--against <kubeconfig>', "also compare the objects with that cluster's custom resource definitions")
      .option('--rendered', 'print every step and object, with sample values'),
    DRIVER_OPTIONS,
  ).action(async (names: string[], flags: { rendered?: boolean; against?: string }, command: Command) => {
    const { sets } = optionsOf(command, true, names.length);
    const { rendered = false, against } = flags;
    finish(await actions.driverCheck(names, { sets, rendered, ...(against === undefined ? {} : { against }) }));
  });

  addOptions(
    driver
      .command('test')
      .description('try each part of a driver on a cluster, one after the other')
      .argument('<file>', "driver file, or a name of the program's own"),
    [...DRIVER_OPTIONS, ...CLUSTER_OPTIONS, ...TEST_OPTIONS],
  ).action(async (file: string, _, command: Command) => {
    // Before the options are resolved: they would require a context, which this subcommand does not take.
    const isExisting = command.opts()['provider'] === 'existing' || optionsOf(command, true, 1).provider === 'existing';
    if (isExisting) {
      throw new UsageError(
        'driver test installs and removes the mesh, so it does not run on an existing cluster: ' +
          'name --provider kind, or for a mesh of the sandbox --provider sandbox',
      );
    }
    finish(await actions.driverTest({ ...optionsOf(command, false, 1), mesh: file }));
  });
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

/** @param looksOnly the subcommand touches no cluster, so that it needs no consent to touching one */
function optionsOf(command: Command, looksOnly = false, words = 0): RunOptions {
  refuseWords(command, words);
  const commandLine = commandLineLayer(command);
  const values = looksOnly ? new Map([...commandLine.values, ['list', true] as const]) : commandLine.values;
  const options = resolveOptions({ commandLine: { ...commandLine, values }, environment: process.env, folder: '' });
  for (const pair of options.secretSets) keepSecret(pair.slice(pair.indexOf('=') + 1));
  keepSecretsOf(options.sets);
  return options;
}

/** @param allowed how many words the subcommand takes */
function refuseWords(command: Command, allowed = 0): void {
  const word = command.args[allowed];
  if (word === undefined) return;
  if (command.name() !== 'run') throw new UsageError(`unexpected "${word}" after ${command.name()}`);
  const commands = command.parent?.commands.map((each) => each.name()) ?? [];
  const near = suggestion(word, commands);
  const instead = near === undefined ? `; a suite is named by --suite ${word}` : `; did you mean "${near}"?`;
  throw new UsageError(`unknown command "${word}"${instead} (commands: ${commands.join(', ')})`);
}

/** commander says `error: unknown option '--sute'` and, on a line of its own, `(Did you mean --suite?)`. */
export function asUsageError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  return new UsageError(error.message.replace(/^error: /, '').replace(/\n/g, ' '));
}

/** The program's own version, from its package. */
export function ownVersion(): string {
  const text = readFileSync(join(PROJECT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
