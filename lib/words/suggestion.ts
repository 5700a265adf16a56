/** The word that was probably meant by `word`; undefined if none is near enough. */
export function suggestion(word: string, words: Iterable<string>): string | undefined {
  const near = [...words].flatMap((candidate) => {
    const distance = editDistance(word, candidate);
    const limit = Math.max(2, Math.floor(Math.max(word.length, candidate.length) * 0.4));
    return distance <= limit ? [{ candidate, distance }] : [];
  });
  near.sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate ?? sharing(word, words);
}

/** Typing errors in one name; with more it may well be another name. */
const slips = 2;

/** The other word that `word` is a typing error away from; stricter than `suggestion`, for messages that refuse. */
export function suggestedSlip(word: string, words: readonly string[]): string | undefined {
  return words.find((each) => each !== word && editDistance(word, each) <= slips);
}

/** `; did you mean "X"?`, or nothing. */
export function didYouMean(word: string, words: Iterable<string>): string {
  const near = suggestion(word, words);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** Damerau-Levenshtein distance (optimal string alignment), whatever the case: swapped neighbours are one typing error, not two. */
function editDistance(word: string, other: string): number {
  const [a, b] = [word.toLowerCase(), other.toLowerCase()];
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** `tcp-echo` for `echo`: half a name is not a typing error, but shows what was meant. */
function sharing(word: string, words: Iterable<string>): string | undefined {
  if (word.length < 3) return undefined;
  return [...words].find((candidate) => candidate.includes(word) || (candidate.length > 2 && word.includes(candidate)));
}
