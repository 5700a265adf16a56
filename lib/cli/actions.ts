import type { RunOptions } from '../plan/index.ts';
import type { CleanWishes } from './clean.ts';
import type { Answers } from './driver/answers.ts';
import type { ProveOptions } from './prove/prove.ts';

/** What each subcommand does once its words are understood; answers the exit status. */
export interface Actions {
  run(options: RunOptions): Promise<number>;
  doctor(options: RunOptions): Promise<number>;
  clean(wishes: CleanWishes): Promise<number>;
  report(options: RunOptions, run: string | undefined): Promise<number>;
  sandbox(): Promise<number>;
  prove(options: ProveOptions): Promise<number>;
  faults(json: boolean): Promise<number>;
  meshes(json: boolean): Promise<number>;
  driverInit(file: string | undefined, flags: Partial<Answers>): Promise<number>;
  driverCheck(
    names: string[],
    wishes: { sets: readonly string[]; rendered: boolean; against?: string },
  ): Promise<number>;
  driverTry(options: RunOptions): Promise<number>;
}
