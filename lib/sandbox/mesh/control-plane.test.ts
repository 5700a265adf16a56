import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { ObjectView } from '../contract.ts';
import { Controller } from './control-plane.ts';

let folder: string;
let change: () => void = () => undefined;
const view: ObjectView = {
  list: () => [],
  get: () => undefined,
  put: (object) => object,
  event: () => undefined,
  watch: (_, deliver) => {
    change = deliver as () => void;
    return () => undefined;
  },
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshproof-controller-'));
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
  rmSync(folder, { recursive: true });
});

test('a fault that updates again some time after a change does so, whatever else changes meanwhile', () => {
  const start = performance.now();
  const updates: number[] = [];
  const controller = new Controller({
    view,
    socketPath: join(folder, 'socket'),
    issue: () => Promise.reject(new Error('nobody asks')),
    actAfterMs: 50,
    fault: {
      updateAgainAfterMs: 8_000,
      state: (state, now) => {
        updates.push(now - start);
        return state;
      },
    },
    complain: () => undefined,
  });
  change();
  jest.advanceTimersByTime(7_900);
  change();
  jest.advanceTimersByTime(60_000);
  expect(updates).toEqual([50, 7_950, 8_100, 16_000]);
  controller.stop();
});
