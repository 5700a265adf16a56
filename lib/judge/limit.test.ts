import { expect, test } from '@jest/globals';
import { Limit } from './attempt.ts';
import { inVirtualTime, lapse } from './testing/virtual-time.ts';

test('a limit counts only the time that it runs', () =>
  inVirtualTime(async () => {
    let ends = 0;
    const limit = new Limit(1_000, () => {
      ends += 1;
    });
    limit.run();
    limit.run();
    await lapse(600);
    limit.pause();
    await lapse(5_000);
    limit.pause();
    expect(ends).toBe(0);
    limit.run();
    await lapse(399);
    expect(ends).toBe(0);
    await lapse(2);
    expect(ends).toBe(1);
  }));
