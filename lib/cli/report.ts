import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { UsageError } from '../plan/index.ts';
import { exitStatus } from './exit-status.ts';
import { lastRun, runNamed } from './last-run.ts';

/** Longest that Allure may take for a report, ms. */
const allureMs = 120_000;

/**
 * Makes Allure's single HTML page of a run, prints its path, and opens it where a person is looking.
 *
 * @param run folder or id of a run, or the beginning of its id; the last one in `out` unless told.
 * @returns the exit status
 * @throws UsageError where there is no such run, or one without results.
 */
export async function reportCommand(out: string, run?: string): Promise<number> {
  const folder = run === undefined ? lastRun(out) : runNamed(out, run);
  if (folder === undefined) throw new UsageError(`there is no run in ${out}`);
  const results = join(folder, 'allure-results');
  if (!existsSync(results)) throw new UsageError(`${folder} is no folder of a run: ${results} is not there`);
  const target = join(folder, 'allure-report');
  const { stderr, failed } = await execa(
    process.execPath,
    [allureCommand(), 'awesome', '--single-file', '--output', target, results],
    { timeout: allureMs, reject: false, stdin: 'ignore' },
  );
  const page = join(target, 'index.html');
  if (failed || !existsSync(page)) {
    process.stderr.write(`meshproof: Allure made no report of ${results}\n${stderr}\n`);
    return exitStatus.broken;
  }
  writeFileSync(page, withoutAnalytics(readFileSync(page, 'utf8')));
  process.stdout.write(`${resolve(page)}\n`);
  if (process.stdout.isTTY && !process.env['CI']) await openInBrowser(resolve(page));
  return exitStatus.fine;
}

/** Allure's page tells Google of each reader. A report that is handed on tells nobody. */
export function withoutAnalytics(html: string): string {
  return html
    .replace(/<script[^>]*googletagmanager[^>]*><\/script>/g, '')
    .replace(/<script>\s*window\.dataLayer[\s\S]*?<\/script>/g, '');
}

function allureCommand(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('allure')), '..', 'cli.js');
}

/** The path has been printed: a machine without a browser lacks nothing. */
async function openInBrowser(page: string): Promise<void> {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  await new Promise<void>((done) => {
    const child = spawn(opener, [page], { detached: true, stdio: 'ignore' });
    child.once('error', () => done());
    child.once('spawn', () => {
      child.unref();
      done();
    });
  });
}
