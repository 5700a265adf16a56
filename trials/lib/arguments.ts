import { type ParseArgsConfig, parseArgs } from 'node:util';

const common = { 'node-image': { type: 'string' } } as const satisfies ParseArgsConfig['options'];

type Words = NonNullable<ParseArgsConfig['options']>;

/**
 * Splits a script's command line at `--`: its own options, and what it hands on to meshproof as it stands. Every script
 * has `--node-image`, which goes to those runs only that create a kind cluster.
 * @throws TypeError for an option that the script does not have
 */
export function scriptArguments<const T extends Words>(options: T) {
  const words = process.argv.slice(2);
  const border = words.indexOf('--');
  const args = border === -1 ? words : words.slice(0, border);
  const passed = border === -1 ? [] : words.slice(border + 1);
  const { values } = parseArgs({ args, options: { ...common, ...options }, strict: true, allowPositionals: false });
  const { 'node-image': image } = values as { 'node-image'?: string };
  return { own: values, passed, onKind: image !== undefined ? ['--node-image', image, ...passed] : passed };
}

/** A positive whole number. @throws Error naming the option */
export function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option} ${text}: a whole number from 1 on`);
  return number;
}

/** The words of a comma list. */
export function wordsOf(text: string): string[] {
  return text.split(',').filter((word) => word !== '');
}
