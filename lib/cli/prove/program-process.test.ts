import { afterEach, expect, jest, test } from '@jest/globals';
import { ProgramProcess } from './program-process.ts';

jest.setTimeout(60_000);
const LIMIT_MS = 30_000;
const made: ProgramProcess[] = [];

async function start(): Promise<ProgramProcess> {
  const program = await ProgramProcess.start();
  made.push(program);
  return program;
}

afterEach(async () => {
  await Promise.all(made.splice(0).map((each) => each.end()));
});

test('one process runs one command line after the other, and returns each result', async () => {
  const program = await start();
  const listed = await program.perform(['list', '--claim', 'lifecycle/stable', '--json'], LIMIT_MS);
  expect(listed.status).toBe(0);
  expect(JSON.parse(listed.output)).toMatchObject([{ id: 'lifecycle/stable' }]);
  const wrong = await program.perform(['run', '--sute', 'lifecycle'], LIMIT_MS);
  expect(wrong.status).toBe(2);
  expect((await program.perform(['list'], LIMIT_MS)).status).toBe(0);
});

test('a command line has no status if the process is ended', async () => {
  const program = await start();
  const performing = program.perform(['sandbox'], LIMIT_MS);
  await program.end();
  expect((await performing).status).toBeUndefined();
  expect(program.isOver).toBe(true);
});

test('a command line that takes too long ends the process', async () => {
  const program = await start();
  expect((await program.perform(['list'], 1)).status).toBeUndefined();
  expect(program.isOver).toBe(true);
});

test('does not get the options in the environment', async () => {
  process.env['MESHPROOF_RETRIES'] = 'no number';
  try {
    expect(await (await start()).perform(['list', '--suite', 'egress'], LIMIT_MS)).toMatchObject({ status: 0 });
  } finally {
    delete process.env['MESHPROOF_RETRIES'];
  }
});
