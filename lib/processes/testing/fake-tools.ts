import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Commands of a test, first on the PATH. They record how they were called. */
export class FakeTools {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'meshproof-tools-'));
  readonly #bin = path.join(this.folder, 'bin');
  readonly #calls = path.join(this.folder, 'calls');
  readonly #path = process.env['PATH'];

  /** @param withSystem false: only the test's commands are on the PATH */
  constructor(withSystem = true) {
    mkdirSync(this.#bin);
    process.env['PATH'] = withSystem ? `${this.#bin}${path.delimiter}${this.#path}` : this.#bin;
  }

  /**
   * @param body of a shell script; `$HERE` is the folder that the tools share
   * @param engine the name that it prints for `-v`, by which kind detects engines
   */
  add(name: string, body: string, engine = name): void {
    const file = path.join(this.#bin, name);
    const version = `[ "$*" != -v ] || { echo "${engine === 'docker' ? 'Docker' : engine} version 0"; exit; }`;
    const call = `HERE='${this.folder}'\necho "${name} $*" >> '${this.#calls}'`;
    writeFileSync(file, `#!/bin/sh\n${version}\n${call}\n${body}\n`);
    chmodSync(file, 0o755);
  }

  /** Each call so far: `kind delete cluster --name x`. */
  get calls(): string[] {
    return existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trim().split('\n') : [];
  }

  read(name: string): string {
    return readFileSync(path.join(this.folder, name), 'utf8').trim();
  }

  remove(): void {
    if (this.#path !== undefined) process.env['PATH'] = this.#path;
    rmSync(this.folder, { recursive: true });
  }
}

/** False for a zombie, too: it only waits for its parent. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || readFileSync(status, 'utf8').split(') ').at(-1)?.[0] !== 'Z';
}
