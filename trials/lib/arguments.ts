import { type ParseArgsConfig, parseArgs } from 'node:util';

const common = { 'node-image': { type: 'string' } } as const satisfies ParseArgsConfig['options'];

type Words = NonNullable<ParseArgsConfig['options']>;

/**
 * Splits a script's command line at `--`: its own options, and the options for meshproof. Every script has
 * `--node-image`, which only runs that create a kind cluster get.
 * @throws TypeError for an unknown option
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
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${option} ${text}: must be a whole number of at least 1`);
  return number;
}

/** The words of a comma list. */
export function wordsOf(text: string): string[] {
  return text.split(',').filter((word) => word !== '');
}
