const unitMs = { ms: 1, s: 1000, m: 60_000 };

/** A driver's duration (`500ms`, `15s`, `2m`) times `scale`, in ms. The schema has checked its form. */
export function durationMs(text: string, scale: number): number {
  const [, amount, unit] = /^(\d+)(ms|s|m)$/.exec(text) ?? [];
  if (unit !== 'ms' && unit !== 's' && unit !== 'm') throw new RangeError(`no duration: ${text}`);
  return Number(amount) * unitMs[unit] * scale;
}
