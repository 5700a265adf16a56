/**
 * The upper bound on the probability that a run errs, at a given confidence (Clopper and Pearson). Without an error in
 * n runs, it is about 3/n at 95 %.
 *
 * @param wrong - runs that erred, of `runs`
 */
export function upperBound(wrong: number, runs: number, confidence = 0.95): number {
  if (wrong >= runs) return 1;
  let [low, high] = [0, 1];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (chanceOfAtMost(wrong, runs, middle) > 1 - confidence) low = middle;
    else high = middle;
  }
  return high;
}

/** The probability that at most k of n trials err, if each errs with probability p. */
function chanceOfAtMost(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let sum = term;
  for (let i = 1; i <= k; i += 1) {
    term *= ((n - i + 1) / i) * (p / (1 - p));
    sum += term;
  }
  return sum;
}
