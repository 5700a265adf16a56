import type { Command } from 'commander';
import { type Answers, questions } from '../driver-kit/answers.ts';
import type { RunOptions } from '../options/index.ts';
import { didYouMean, UsageError } from '../words/index.ts';
import type { Actions } from './actions.ts';
import { addOptions } from './command-line.ts';

/** Options of a run that say where and with what a driver is tried. */
const tryOptions = [
  'set',
  'set-secret',
  'set-file',
  'provider',
  'cluster-name',
  'node-image',
  'kind-config',
  'keep',
  'reuse',
  'image',
  'registry',
  'pull-secret',
  'load-image',
  'timeout-scale',
  'config',
  'out',
  'verbose',
];

const examples = `
Examples:
  meshproof driver init my-mesh.yaml --name my-mesh --container my-proxy
  meshproof driver check my-mesh.yaml --rendered
  meshproof driver test my-mesh.yaml --set image.tag=v2 --keep

docs/drivers.md says what each field is for.
`;

/**
 * Adds `driver init`, `driver check` and `driver test`.
 * @param optionsOf a run's options from what was said on the command line
 */
export function addDriverCommands(
  program: Command,
  actions: Actions,
  finish: (status: number) => void,
  optionsOf: (command: Command, looksOnly: boolean, words: number) => RunOptions,
): void {
  const driver = program
    .command('driver')
    .description('write a driver for a mesh, check it, try it')
    .addHelpText('after', examples);
  driver.allowExcessArguments(true).action(() => {
    const [word] = driver.args;
    if (word === undefined) return driver.help();
    const words = driver.commands.map((each) => each.name());
    throw new UsageError(`unknown command "driver ${word}"${didYouMean(word, words)} (commands: ${words.join(', ')})`);
  });

  const init = driver
    .command('init')
    .description('write a commented driver to start from; asks on a terminal for what no flag tells')
    .argument('[file]', 'where it is written (default: it is printed)');
  for (const { flag, value, question } of questions) init.option(`--${flag} <${value}>`, question);
  init.action(async (file: string | undefined, flags: Partial<Answers>) =>
    finish(await actions.driverInit(file, flags)),
  );

  addOptions(
    driver
      .command('check')
      .description('say whether drivers are sound; runs nothing')
      .argument('<file...>', "driver files, or names of the program's own")
      .option('--against <kubeconfig>', "compare the objects with that cluster's custom resource definitions, too")
      .option('--rendered', 'print every step and object, filled in with sample values'),
    ['set', 'set-secret', 'set-file', 'config'],
  ).action(async (names: string[], flags: { rendered?: boolean; against?: string }, command: Command) => {
    const { sets } = optionsOf(command, true, names.length);
    const { rendered = false, against } = flags;
    finish(await actions.driverCheck(names, { sets, rendered, ...(against === undefined ? {} : { against }) }));
  });

  addOptions(
    driver
      .command('test')
      .description('do each part of a driver on a cluster, one after the other, and say what came of it')
      .argument('<file>', "driver file, or a name of the program's own"),
    tryOptions,
  ).action(async (file: string, _, command: Command) => {
    // Before the options are resolved: they would ask for a context, which this subcommand does not take.
    const isExisting = command.opts()['provider'] === 'existing' || optionsOf(command, true, 1).provider === 'existing';
    if (isExisting) {
      throw new UsageError(
        'driver test installs and removes the mesh, which is not done to a cluster that was there before: ' +
          'name --provider kind, or for a mesh of the sandbox --provider sandbox',
      );
    }
    finish(await actions.driverTry({ ...optionsOf(command, false, 1), mesh: file }));
  });
}
