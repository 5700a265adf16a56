/** A stretch of the run's time, ms. */
export interface Span {
  start: number;
  end: number;
}

/** How long at least one of the spans lasts, ms: what lies in two of them counts once. */
export function covered(spans: Span[]): number {
  let sum = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    sum += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return sum;
}

/** The parts of `spans` that lie within `within`. */
export function clipped(spans: Span[], within: Span[]): Span[] {
  return within.flatMap((frame) =>
    spans
      .map(({ start, end }) => ({ start: Math.max(start, frame.start), end: Math.min(end, frame.end) }))
      .filter(({ start, end }) => start < end),
  );
}
