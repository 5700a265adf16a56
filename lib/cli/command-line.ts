import { type Command, Option } from 'commander';
import {
  type Layer,
  type OptionRow,
  type OptionValue,
  optionRows,
  readOptionText,
  UsageError,
} from '../options/index.ts';

/** Adds options to a command by name, all of a run's where none are named. */
export function addOptions(command: Command, names: readonly string[] = optionRows.map((row) => row.name)): Command {
  for (const row of optionRows) {
    if (!names.includes(row.name)) continue;
    if (row.kind === 'switch') addSwitch(command, row);
    else command.addOption(valueOption(row));
  }
  return command;
}

/** What was said on the command line, and nothing else. */
export function commandLineLayer(command: Command): Layer {
  const values = new Map<string, OptionValue>();
  for (const row of optionRows) {
    const attribute = new Option(`--${row.name}`).attributeName();
    if (command.getOptionValueSource(attribute) === 'cli') {
      values.set(row.name, command.getOptionValue(attribute) as OptionValue);
    }
  }
  return { source: 'command line', values };
}

/** Both ways round, since the command line must be able to win over a file; the help shows the one that changes something. */
function addSwitch(command: Command, row: OptionRow): void {
  const yes = new Option(`--${row.name}`, row.help).helpGroup(row.group);
  const no = new Option(`--no-${row.name}`, row.help).helpGroup(row.group);
  command.addOption(row.on ? yes.hideHelp() : yes).addOption(row.on ? no : no.hideHelp());
  let said: string | undefined;
  for (const form of [row.name, `no-${row.name}`]) {
    command.on(`option:${form}`, () => {
      if (said !== undefined && said !== form) throw new UsageError(`--${said} and --${form} contradict each other`);
      said = form;
    });
  }
}

function valueOption(row: OptionRow): Option {
  const said = `--${row.name}`;
  const accumulates = row.kind === 'list' || row.kind === 'pairs' || row.kind === 'roles';
  return new Option(`${said} <${row.value ?? 'value'}>`, row.help)
    .helpGroup(row.group)
    .argParser((text: string, before: OptionValue | undefined): OptionValue => {
      const value = readOptionText(row, text, said);
      if (accumulates && Array.isArray(before) && Array.isArray(value)) return [...before, ...value];
      if (before !== undefined && before !== value) {
        throw new UsageError(`${said} is given twice, once with another value than "${text}": choose one`);
      }
      return value;
    });
}
