import type { Answers } from '../driver-kit/answers.ts';
import type { RunOptions } from '../options/index.ts';
import type { CleanOptions } from './clean.ts';
import type { ProveOptions } from './prove/prove.ts';

/** What each subcommand does once its words are understood; answers the exit status. */
export interface Actions {
  run(options: RunOptions): Promise<number>;
  doctor(options: RunOptions): Promise<number>;
  clean(options: CleanOptions): Promise<number>;
  report(options: RunOptions, run: string | undefined): Promise<number>;
  sandbox(): Promise<number>;
  prove(options: ProveOptions): Promise<number>;
  faults(json: boolean): Promise<number>;
  meshes(json: boolean): Promise<number>;
  driverInit(file: string | undefined, flags: Partial<Answers>): Promise<number>;
  driverCheck(
    names: string[],
    options: { sets: readonly string[]; rendered: boolean; against?: string },
  ): Promise<number>;
  driverTry(options: RunOptions): Promise<number>;
}
