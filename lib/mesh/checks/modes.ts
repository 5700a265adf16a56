import { isDeepStrictEqual } from 'node:util';
import { referenceOf } from '../../kube/cluster.ts';
import type { Attempt, DriverSpec, ModeSpec } from '../driver.ts';
import { modeNames } from '../mesh.ts';
import { isFields, isSame, valueAfter } from '../objects.ts';
import { type Mistake, mistake, type Path } from '../source.ts';
import { fill } from '../template.ts';
import { sampleFilling } from './samples.ts';

type Setting = NonNullable<ModeSpec['setting']>;
type Switched = ModeSpec & Required<Pick<ModeSpec, 'on' | 'off'>>;

const sides = ['on', 'off'] as const;

/** Switches that do not switch, settings that they do not set, and invalid values that are valid. */
export function modeMistakes(spec: DriverSpec): Mistake[] {
  const modes = fill(spec.modes, sampleFilling(spec));
  return modeNames.flatMap((name) => {
    const mode = modes[name];
    if (mode === undefined) return [];
    const { words, on, off } = mode;
    const path = ['modes', name];
    const ofWords =
      words !== undefined && words.on === words.off
        ? [mistake([...path, 'words', 'off'], `"${words.off}" is the word for on, too`)]
        : [];
    if (on === undefined || off === undefined) return ofWords;
    const idle = switchMistake({ ...mode, on, off }, path);
    return [...ofWords, ...(idle === undefined ? afterSwitches({ ...mode, on, off }, path) : [idle])];
  });
}

function switchMistake({ on, off }: Switched, path: Path): Mistake | undefined {
  // Both are empty if there is no mesh.
  if (on.length === 0 && off.length === 0) return undefined;
  if (isDeepStrictEqual(on, off)) {
    return mistake([...path, 'off'], 'on and off are the same, so nothing would be switched', 'key');
  }
  const side = on.length === 0 ? 'on' : off.length === 0 ? 'off' : undefined;
  if (side === undefined) return undefined;
  const message = `no step switches it ${side}; a run sets each mode before it looks, whatever the default is`;
  return mistake([...path, side], message, 'key');
}

function afterSwitches(mode: Switched, path: Path): Mistake[] {
  const { setting, invalid = [] } = mode;
  const ofSetting = setting === undefined ? undefined : settingMistake(mode, setting, path);
  const ofInvalid = invalid.flatMap((attempt, index) => {
    const earlier = invalid.slice(0, index);
    const message = earlier.some((other) => isDeepStrictEqual(other, attempt))
      ? 'the list has this twice'
      : attemptMistake(attempt, mode);
    return message === undefined ? [] : [mistake([...path, 'invalid', index], message)];
  });
  return [...(ofSetting === undefined ? [] : [ofSetting]), ...ofInvalid];
}

function settingMistake(mode: Switched, setting: Setting, path: Path): Mistake | undefined {
  const field = setting.path.join('.');
  const at = [...path, 'setting', 'path'];
  const [on, off] = sides.map((side) => valueAfter(mode[side], setting));
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  const whole = [on, off].find((value) => isFields(value) && Object.keys(value).length > 0);
  if (whole !== undefined) {
    const fields = Object.keys(whole as object).join(', ');
    return mistake(at, `${field} is an object with the fields ${fields}; go on to the field that the switch changes`);
  }
  if (!isSet(on) && !isSet(off)) {
    // A command may do it.
    if (sides.some((side) => mode[side].some((step) => 'run' in step))) return undefined;
    const { kind, name } = setting.object;
    const message = `neither on nor off sets ${field} of ${kind} ${name}; name the field that the switch changes`;
    return mistake(at, message);
  }
  if (isDeepStrictEqual(on, off)) {
    return mistake(at, `on and off set ${field} to the same value, ${JSON.stringify(on)}`);
  }
  const side = on === undefined ? 'on' : off === undefined ? 'off' : undefined;
  if (side === undefined || mode[side].some((step) => 'run' in step)) return undefined;
  const message = `${side} does not set ${field}, which ${side === 'on' ? 'off' : 'on'} sets; a patch leaves alone what it does not name`;
  return mistake([...path, side], message, 'key');
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
