import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for the runs' registry, temporary files and reports. */
export interface WorkFolder {
  path: string;
  reports: string;
  temporary: string;
  /** Variables for a run's environment, so that it uses only this folder and cleans up no other runs. */
  environment: Record<string, string>;
  /** Deletes the folder. */
  remove(): void;
}

export function openWorkFolder(name: string): WorkFolder {
  const path = mkdtempSync(join(tmpdir(), `meshproof-trial-${name}-`));
  const folder = (part: string) => {
    const made = join(path, part);
    mkdirSync(made);
    return made;
  };
  const temporary = folder('tmp');
  return {
    path,
    reports: folder('reports'),
    temporary,
    environment: { XDG_STATE_HOME: folder('state'), TMPDIR: temporary },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
