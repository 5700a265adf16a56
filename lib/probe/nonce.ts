import { createHmac } from 'node:crypto';

/** Letters and digits of a nonce after its prefix: 82 bits, so that no two probes of a run share one. */
const LENGTH = 16;
/** `mp4k2j9d0f7a1c2b3d`, and `mp4k2j9d0f7a1c2b3d-7` for the seventh probe of a burst. */
const PATTERN = /mp[0-9a-z]{16}(?:-\d+)?/g;

/** @param user what the nonce is for: the attempt at a claim, a control */
export type NonceMaker = (user: string) => string;

/**
 * Makes nonces that nobody can guess without the seed: HMAC-SHA256(seed, user and count). The nth nonce of a user is the
 * same in every run with the same seed, whatever the other users do.
 */
export function nonceMaker(seed: string): NonceMaker {
  const counts = new Map<string, number>();
  return (user) => {
    const count = (counts.get(user) ?? 0) + 1;
    counts.set(user, count);
    const digest = createHmac('sha256', seed).update(`${user}\0${count}`).digest('hex');
    return `mp${BigInt(`0x${digest}`).toString(36).padStart(50, '0').slice(-LENGTH)}`;
  };
}

export function noncesIn(text: string): string[] {
  return text.match(PATTERN) ?? [];
}
