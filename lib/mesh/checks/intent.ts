import { isDeepStrictEqual } from 'node:util';
import { CLIENTS, SERVERS } from '../../fixtures/table.ts';
import type { Attempt, DriverSpec, ModeSpec, Step } from '../driver.ts';
import type { Mistake } from '../file/schema.ts';
import type { Path } from '../file/source.ts';
import type { ModeName } from '../mesh.ts';
import { fill } from '../template/template.ts';
import { sampleFilling } from './samples.ts';

/** Names of the fixtures that a run deploys, which drivers name by placeholders: a run may give them other ones. */
const fixtureNames: Record<string, string> = {
  ...roleOf('server', SERVERS),
  ...roleOf('client', CLIENTS),
};

/** The names and namespaces of the enrolled servers or clients, each with the role. */
function roleOf(role: string, table: typeof SERVERS | typeof CLIENTS): Record<string, string> {
  const names = Object.entries(table).flatMap(([name, { side, namespace }]) =>
    side === 'enrolled' ? [name, namespace] : [],
  );
  return Object.fromEntries(names.map((name) => [name, role]));
}

/** Ports of the fixtures' servers. A policy that names one lets the same in whatever a claim asks for. */
const fixturePorts = new Set(
  Object.values(SERVERS).flatMap((server) =>
    [server.port, 'otherPort' in server ? server.otherPort : server.port].map(String),
  ),
);

/** Words of a shell, which a program gets as they stand. */
const operators = new Set(['|', '||', '&', '&&', ';', '>', '>>', '<', '2>', '2>&1', '&>']);

/**
 * What a driver says and cannot mean, whatever its mesh: commands for a shell where none runs, fixtures by name, switches
 * that do not switch, invalid values that are valid, days that there are not.
 *
 * @param today the day as `2026-11-21`, in UTC
 */
export function intentMistakes(spec: DriverSpec, today: string): Mistake[] {
  const rendered = fill({ ...spec, images: [], podImages: [] }, sampleFilling(spec));
  return [
    ...commandMistakes(spec, []),
    ...fixtureMistakes({ policy: spec.policy.allow, enrol: spec.enrol ?? {}, diagnostics: spec.diagnostics ?? {} }),
    ...(['permissive', 'egress'] as const).flatMap((name) => modeMistakes(name, rendered.modes[name])),
    ...dateMistakes(spec, today),
    ...versionMistakes(spec),
    ...textMistakes(spec),
  ];
}

/** Every `run` and `pipe`, wherever it stands. */
function commandMistakes(node: unknown, path: Path): Mistake[] {
  if (Array.isArray(node)) return node.flatMap((item, index) => commandMistakes(item, [...path, index]));
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    const at = [...path, key];
    const isCommand = (key === 'run' || key === 'pipe') && Array.isArray(value) && !path.includes('apply');
    return isCommand ? wordMistakes(value as string[], at) : commandMistakes(value, at);
  });
}

function wordMistakes(argv: readonly string[], path: Path): Mistake[] {
  const mistake = (index: number, message: string): Mistake => ({ path: [...path, index], of: 'value', message });
  const [program = ''] = argv;
  if (program.trim() === '') return [mistake(0, 'the program is missing')];
  const withoutPlaceholders = program.replace(/\{\{.*?\}\}/g, '');
  if (/^\w+=/.test(program)) {
    const message = `"${program}" sets a variable as a shell does, and would be the name of a program; write [env, ${program}, …]`;
    return [mistake(0, message)];
  }
  if (/\s/.test(withoutPlaceholders)) {
    const split = `[${withoutPlaceholders.trim().split(/\s+/).join(', ')}]`;
    const words = `"${program}" is one word, and would be the name of a program; write each word as an item: ${split}`;
    return [mistake(0, words)];
  }
  // A shell's own line is one word after its -c, and may hold anything.
  const isShell = /(^|\/)(ba|da|z|k)?sh$/.test(program);
  return argv.slice(1).flatMap((word, index) => {
    const isLine = isShell && /^-\w*c$/.test(argv[index] ?? '');
    const shape = isLine ? undefined : wordShape(word);
    if (shape !== undefined) return [mistake(index + 1, shape)];
    const what = isLine ? undefined : shellWord(word);
    if (what === undefined) return [];
    const hint = word === '|' ? 'write the second program as pipe' : "write [sh, -c, '…'] where a shell is meant";
    return [
      mistake(
        index + 1,
        `"${word}" is ${what}, and no shell runs this: the program would get it as it stands; ${hint}`,
      ),
    ];
  });
}

/** What is wrong with the blanks of a word, which a program gets with them; undefined where nothing is. */
function wordShape(word: string): string | undefined {
  if (word.trim() === '') return 'the word is empty, and the program would get it so; leave it out';
  const shown = JSON.stringify(word);
  if (word.trim() !== word) return `${shown} begins or ends with a blank, which the program would get, too`;
  const [, flag, value] = /^(--?[a-z][\w-]*)\s+(.+)$/is.exec(word) ?? [];
  if (flag === undefined || value === undefined) return undefined;
  return `${shown} is one word; write the flag and its value as two items: [${flag}, ${JSON.stringify(value)}]`;
}

/** What of a shell a word is; undefined for one that is none. */
function shellWord(word: string): string | undefined {
  if (operators.has(word)) return "a shell's operator";
  if (/^\d?>>?[&\w./]/.test(word)) return "a shell's redirection";
  if (/\$\(.*\)|^`.*`$/.test(word)) return "a shell's substitution";
  if (/^([\w-]+=)?\$([A-Za-z_]\w*|\{\w+\})($|[/.:])/.test(word)) return "a shell's variable";
  if (/^~(\/|$)/.test(word)) return "a shell's home folder";
  if (/^<<-?~?\w/.test(word)) return "a shell's document";
  if (/;$|^[\w./-]+(;|&&)[\w./-]+$/.test(word) && !word.includes('=')) return "a shell's separator";
  return /^[\w./-]*\/[\w.-]*\*[\w.-]*$|^\*\.\w+$/.test(word) ? "a shell's pattern" : undefined;
}

/** Texts that are a fixture's name and nothing else, or a host's name of one; and a fixture's port in a policy. */
function fixtureMistakes(parts: { policy: object; enrol: object; diagnostics: object }): Mistake[] {
  const walk = (node: unknown, path: Path): Mistake[] => {
    if (path[0] === 'policy' && fixturePorts.has(String(node))) return fixturePort(String(node), path);
    if (typeof node === 'string') return fixtureName(node, path);
    if (Array.isArray(node)) return node.flatMap((item, index) => walk(item, [...path, index]));
    if (typeof node !== 'object' || node === null) return [];
    return Object.entries(node).flatMap(([key, value]) => {
      // Programs and files are called as they like.
      const isOther = path[0] === 'diagnostics' && (key === 'file' || key === 'run');
      return isOther && !Array.isArray(value) ? [] : walk(value, [...path, key]);
    });
  };
  return [
    ...walk(parts.policy, ['policy', 'allow']),
    ...walk(parts.enrol, ['enrol']),
    ...walk(parts.diagnostics, ['diagnostics']),
  ];
}

function fixturePort(port: string, path: Path): Mistake[] {
  const message = `${port} is a fixture's port, and claims ask for others, too; write {{port}}, or {{port.text}} for a text`;
  return [{ path, of: 'value', message }];
}

function fixtureName(text: string, path: Path): Mistake[] {
  // The program of a command may be called like a fixture: `curl`.
  if (path.at(-2) === 'run' && path.at(-1) === 0) return [];
  const name = text
    .replaceAll(/\{\{.*?\}\}/g, '')
    .split(/[./:]|%2F/)
    .find((word) => word in fixtureNames);
  if (name === undefined) return [];
  const role = fixtureNames[name];
  const wanted =
    path[0] === 'diagnostics'
      ? '{{pod.namespace}} and {{pod.name}}'
      : `{{${role}.namespace}}, {{${role}.serviceAccount}} or {{${role}.app}}`;
  const message = `"${text}" names the fixture ${name}, which is called otherwise in other runs; write ${wanted}`;
  return [{ path, of: 'value', message }];
}

function modeMistakes(name: ModeName, mode: ModeSpec | undefined): Mistake[] {
  const { on, off, setting, invalid = [], words } = mode ?? {};
  const path = ['modes', name];
  const mistakes: Mistake[] = [];
  if (words !== undefined && words.on === words.off) {
    mistakes.push({ path: [...path, 'words', 'off'], of: 'value', message: `"${words.off}" is what on says, too` });
  }
  if (on === undefined || off === undefined) return mistakes;
  if (on.length > 0 && isDeepStrictEqual(on, off)) {
    const message = 'on and off are the same, so that nothing would be switched';
    mistakes.push({ path: [...path, 'off'], of: 'key', message });
    return mistakes;
  }
  // Both are empty where there is no mesh.
  const idle = (['on', 'off'] as const).filter((side) => (side === 'on' ? on : off).length === 0);
  const [only] = idle;
  if (idle.length === 1 && only !== undefined) {
    const message = `no step switches it ${only}; a run sets each mode before it looks, whatever the default is`;
    mistakes.push({ path: [...path, only], of: 'key', message });
    return mistakes;
  }
  if (setting !== undefined) {
    const [whenOn, whenOff] = [on, off].map((steps) => lastValue(steps, setting));
    const at = [...path, 'setting', 'path'];
    const field = setting.path.join('.');
    // A command may do it.
    const isKnown = ![...on, ...off].some((step) => 'run' in step);
    if (isKnown && whenOn === undefined && whenOff === undefined) {
      const message = `neither on nor off sets ${field} of ${setting.object.kind} ${setting.object.name}`;
      mistakes.push({ path: at, of: 'value', message: `${message}; name the field that the switch changes` });
    } else if (whenOn !== undefined && isDeepStrictEqual(whenOn, whenOff)) {
      const message = `on and off set ${field} to the same, ${JSON.stringify(whenOn)}`;
      mistakes.push({ path: at, of: 'value', message });
    } else if ((whenOn === undefined) !== (whenOff === undefined)) {
      const [side, other, steps] = whenOn === undefined ? ['on', 'off', on] : ['off', 'on', off];
      // An object that is applied or deleted loses the field by that.
      const leaves = steps.every((step) => 'patch' in step || 'wait' in step);
      const message = `${side} does not set ${field}, which ${other} sets; a patch leaves alone what it does not name`;
      if (leaves) mistakes.push({ path: [...path, side], of: 'key', message });
    }
  }
  return [...mistakes, ...invalidMistakes(invalid, { on, off, setting }, path)];
}

/** What on or off does is valid, so the API takes it. */
function invalidMistakes(
  invalid: readonly Attempt[],
  { on, off, setting }: { on: Step[]; off: Step[]; setting: ModeSpec['setting'] },
  path: Path,
): Mistake[] {
  return invalid.flatMap((attempt, index): Mistake[] => {
    const at = [...path, 'invalid', index];
    if (invalid.slice(0, index).some((earlier) => isDeepStrictEqual(earlier, attempt))) {
      return [{ path: at, of: 'value', message: 'this stands in the list twice' }];
    }
    if (setting !== undefined && !isOn(attempt, setting.object)) {
      const { kind, name } = setting.object;
      return [{ path: at, of: 'value', message: `this is not about ${kind} ${name}, which holds the switch` }];
    }
    const side = (['on', 'off'] as const).find((each) => {
      const steps = each === 'on' ? on : off;
      if (steps.some((step) => isDeepStrictEqual(step, attempt))) return true;
      if (setting === undefined) return false;
      const tried = lastValue([attempt], setting);
      return tried !== undefined && isDeepStrictEqual(tried, lastValue(steps, setting));
    });
    if (side === undefined) return [];
    const message = `this is what ${side} sets, so the API takes it; write what it must refuse, such as a text for a boolean`;
    return [{ path: at, of: 'value', message }];
  });
}

function isOn(attempt: Attempt, object: NonNullable<ModeSpec['setting']>['object']): boolean {
  const { kind, name, namespace } =
    'patch' in attempt ? attempt.patch : { ...attempt.apply, ...attempt.apply.metadata };
  return kind === object.kind && name === object.name && namespace === object.namespace;
}

/** What the last of some steps writes into the field behind a switch; undefined where none does. */
function lastValue(steps: readonly Step[], { object, path }: NonNullable<ModeSpec['setting']>): unknown {
  const values = steps.flatMap((step) => {
    const fields =
      'patch' in step
        ? { ...step.patch, fields: step.merge }
        : 'apply' in step
          ? { kind: step.apply.kind, name: step.apply.metadata.name, fields: step.apply }
          : undefined;
    if (fields === undefined || fields.kind !== object.kind || fields.name !== object.name) return [];
    const value = path.reduce<unknown>(
      (node, key) => (node as Record<string, unknown> | undefined | null)?.[key],
      fields.fields,
    );
    return value === undefined ? [] : [value];
  });
  return values.at(-1);
}

/** Of this program: no driver can have been tried before. */
const firstDay = '2026-11-21';

function dateMistakes({ verified }: DriverSpec, today: string): Mistake[] {
  if (verified === false) return [];
  const { date } = verified;
  const mistake = (message: string): Mistake[] => [{ path: ['verified', 'date'], of: 'value', message }];
  const time = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date) {
    return mistake(`there is no day ${date}; write the day on which the driver was seen working`);
  }
  if (date > today) return mistake(`${date} has not come yet; write the day on which the driver was seen working`);
  if (date < firstDay) return mistake(`${date} was before this program could have tried it`);
  return [];
}

/** Texts for people that say nothing. */
function textMistakes({
  implementation: { project },
  features: { exempt = {} },
  variables = {},
}: DriverSpec): Mistake[] {
  const mistake = (path: Path, text: string, wanted: string): Mistake => {
    return { path, of: 'value', message: `${JSON.stringify(text)} says nothing; write ${wanted}` };
  };
  const isSentence = (text: string): boolean => (text.match(/[\p{L}\p{N}]/gu) ?? []).length >= 8;
  const reasons = Object.entries(exempt).filter(
    ([, text]) => !isSentence(text) || /^(to-?do|tbd|fixme|xxx)\b/i.test(text),
  );
  const dull = Object.entries(variables).filter(([, { description }]) => !isSentence(description));
  return [
    ...(project.trim() === '' ? [mistake(['implementation', 'project'], project, 'the full name of the mesh')] : []),
    ...reasons.map(([feature, text]) =>
      mistake(['features', 'exempt', feature], text, 'the reason, a sentence that the documents of the mesh support'),
    ),
    ...dull.map(([name, { description }]) =>
      mistake(['variables', name, 'description'], description, 'what it is for, in a sentence'),
    ),
  ];
}

function versionMistakes({ implementation, verified }: DriverSpec): Mistake[] {
  const named: [Path, string][] = [
    [['implementation', 'version'], implementation.version],
    ...(verified === false ? [] : [[['verified', 'version'], verified.version] as [Path, string]]),
  ];
  return named.flatMap(([path, version]): Mistake[] => {
    const isNone = /^(latest|stable|main|master|edge|nightly|head)$/i.test(version) || version.trim() === '';
    if (!isNone) return [];
    const message = `"${version}" is another version every day; write the one that the driver is for, such as v1.2.4`;
    return [{ path, of: 'value', message }];
  });
}
