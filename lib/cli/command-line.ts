import { type Command, Option } from 'commander';
import { type Layer, type OptionRow, type OptionValue, optionRows, readOptionText } from '../options/index.ts';
import { UsageError } from '../words/index.ts';

/** Adds options to a command by name, all of a run's where none are named. */
export function addOptions(command: Command, names: readonly string[] = optionRows.map((row) => row.name)): Command {
  for (const row of optionRows) {
    if (!names.includes(row.name)) continue;
    if (row.kind === 'switch') addSwitch(command, row);
    else command.addOption(valueOption(row));
  }
  return command;
}

/** The options that are on the command line, and nothing else. */
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

/** Adds both forms, so that the command line can override a file; the help shows the one that differs from the default. */
function addSwitch(command: Command, row: OptionRow): void {
  const yes = new Option(`--${row.name}`, row.help).helpGroup(row.group);
  const no = new Option(`--no-${row.name}`, row.help).helpGroup(row.group);
  const isOn = row.default === true;
  command.addOption(isOn ? yes.hideHelp() : yes).addOption(isOn ? no : no.hideHelp());
  let given: string | undefined;
  for (const form of [row.name, `no-${row.name}`]) {
    command.on(`option:${form}`, () => {
      if (given !== undefined && given !== form) throw new UsageError(`--${given} and --${form} contradict each other`);
      given = form;
    });
  }
}

function valueOption(row: OptionRow): Option {
  const flag = `--${row.name}`;
  const accumulates = row.kind === 'list' || row.kind === 'pairs' || row.kind === 'roles';
  return new Option(`${flag} <${row.value ?? 'value'}>`, row.help)
    .helpGroup(row.group)
    .argParser((text: string, before: OptionValue | undefined): OptionValue => {
      const value = readOptionText(row, text, flag);
      if (accumulates && Array.isArray(before) && Array.isArray(value)) return [...before, ...value];
      if (before !== undefined && before !== value) {
        throw new UsageError(`${flag} is given twice with different values, one of them "${text}": choose one`);
      }
      return value;
    });
}
