import { isDeepStrictEqual } from 'node:util';
import { referenceOf } from '../../kube/cluster.ts';
import type { Attempt, DriverSpec, ModeSpec } from '../driver.ts';
import { modeNames } from '../mesh.ts';
import { isFields, isSame, valueAfter } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';

type Switched = ModeSpec & Required<Pick<ModeSpec, 'on' | 'off'>>;

const sides = ['on', 'off'] as const;

/** Switches that do not switch, settings that they do not set, and invalid values that are valid. */
export function* modeMistakes({ modes }: DriverSpec): Iterable<Mistake> {
  for (const name of modeNames) {
    const mode = modes[name];
    if (mode === undefined) continue;
    const { words, on, off } = mode;
    const path = ['modes', name];
    if (words !== undefined && words.on === words.off) {
      yield mistake([...path, 'words', 'off'], `"${words.off}" is the word for on, too`);
    }
    if (on === undefined || off === undefined) continue;
    const switched = { ...mode, on, off };
    const idle = idleMistake(switched, path);
    const ofSetting = settingMistake(switched, path);
    if (idle !== undefined) yield idle;
    else if (ofSetting !== undefined) yield ofSetting;
    if (idle === undefined) yield* attemptMistakes(switched, path);
  }
}

function idleMistake({ on, off }: Switched, path: Path): Mistake | undefined {
  // Both are empty if there is no mesh.
  if (on.length === 0 && off.length === 0) return undefined;
  if (isDeepStrictEqual(on, off)) {
    return mistake([...path, 'off'], 'on and off are the same, so nothing would be switched', 'key');
  }
  if (on.length > 0 && off.length > 0) return undefined;
  const side = on.length === 0 ? 'on' : 'off';
  const message = `no step switches it ${side}; a run sets each mode before it looks, whatever the default is`;
  return mistake([...path, side], message, 'key');
}

function settingMistake(mode: Switched, path: Path): Mistake | undefined {
  const { setting } = mode;
  if (setting === undefined) return undefined;
  const field = setting.path.join('.');
  const at = [...path, 'setting', 'path'];
  const [on, off] = sides.map((side) => valueAfter(mode[side], setting));
  const whole = [on, off].find((value) => isFields(value) && Object.keys(value).length > 0);
  if (whole !== undefined) {
    const fields = Object.keys(whole as object).join(', ');
    return mistake(at, `${field} is an object with the fields ${fields}; go on to the field that the switch changes`);
  }
  // A command may set it.
  const runs = (side: 'on' | 'off'): boolean => mode[side].some((step) => 'run' in step);
  if ([on, off].every((value) => value === undefined || value === null)) {
    if (runs('on') || runs('off')) return undefined;
    const { kind, name } = setting.object;
    return mistake(at, `neither on nor off sets ${field} of ${kind} ${name}; name the field that the switch changes`);
  }
  if (isDeepStrictEqual(on, off)) {
    return mistake(at, `on and off set ${field} to the same value, ${JSON.stringify(on)}`);
  }
  if (on !== undefined && off !== undefined) return undefined;
  const [side, other] = on === undefined ? (['on', 'off'] as const) : (['off', 'on'] as const);
  if (runs(side)) return undefined;
  const message = `${side} does not set ${field}, which ${other} sets; a patch leaves alone what it does not name`;
  return mistake([...path, side], message, 'key');
}

function* attemptMistakes(mode: Switched, path: Path): Iterable<Mistake> {
  const { invalid = [] } = mode;
  for (const [index, attempt] of invalid.entries()) {
    const isAgain = invalid.slice(0, index).some((other) => isDeepStrictEqual(other, attempt));
    const message = isAgain ? 'the list has this twice' : attemptMistake(attempt, mode);
    if (message !== undefined) yield mistake([...path, 'invalid', index], message);
  }
}

/** Why the API would accept an attempt, or why it is not about the switch. */
function attemptMistake(attempt: Attempt, { setting, ...mode }: Switched): string | undefined {
  const target = 'patch' in attempt ? attempt.patch : referenceOf(attempt.apply);
  if (setting !== undefined && !isSame(target, setting.object)) {
    const { kind, name } = setting.object;
    return `this is not about ${kind} ${name}, which has the switch`;
  }
  const value = setting === undefined ? undefined : valueAfter([attempt], setting);
  const side = sides.find((each) => {
    if (mode[each].some((step) => isDeepStrictEqual(step, attempt))) return true;
    if (setting === undefined || value === undefined) return false;
    return isDeepStrictEqual(value, valueAfter(mode[each], setting));
  });
  if (side === undefined) return undefined;
  return `this is what ${side} sets, so the API accepts it; write a value that it must refuse, such as a text for a boolean`;
}
