/** Words that no other probe has ever sent: `mp4k2j9dx1f`, and `mp4k2j9dx1f-7` for the seventh of a burst. */
const PATTERN = /mp[0-9a-z]{6}x[0-9a-z]+(?:-\d+)?/g;

export function nonceSource(runId: string): () => string {
  const prefix = `mp${runId
    .replace(/[^0-9a-z]/g, '')
    .padEnd(6, '0')
    .slice(0, 6)}x`;
  let count = 0;
  return () => {
    count += 1;
    return prefix + count.toString(36);
  };
}

export function noncesIn(text: string): string[] {
  return text.match(PATTERN) ?? [];
}
