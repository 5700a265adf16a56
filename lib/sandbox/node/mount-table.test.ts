import { expect, test } from '@jest/globals';
import { mountTable } from './mount-table.ts';
import { CONTAINER_ROOT } from './root.ts';

test('names are written as fstab(5) wants them', () => {
  const lines = mountTable([['/etc/my hosts', '/run/a\\b\tc']]).split('\n');
  expect(lines.slice(0, 2).map((line) => line.split(' ')[1])).toEqual([
    `${CONTAINER_ROOT}/tmp`,
    `${CONTAINER_ROOT}/proc`,
  ]);
  expect(lines[2]).toBe(`/run/a\\134b\\011c ${CONTAINER_ROOT}/etc/my\\040hosts none bind 0 0`);
});
