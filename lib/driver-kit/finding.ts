import { FixtureError } from '../fixtures/index.ts';
import { ClusterError } from '../kube/cluster.ts';
import { MeshError } from '../mesh/index.ts';

/** A part of a driver that did not do what it is for. */
export class StepFailure extends Error {
  override name = 'StepFailure';
  /** Where to look, a line each. */
  readonly hints: readonly string[];
  /** Those of the routes probed that were answered at the end, by their place in what was wanted. */
  readonly answered: readonly number[];
  constructor(message: string, hints: readonly string[], answered: readonly number[] = []) {
    super(message);
    this.hints = hints;
    this.answered = answered;
  }
}

/** What a cluster answers about the content of a request, and not about itself. */
const aboutContent = new Set(['invalid', 'not-found', 'conflict', 'forbidden']);

/** What an error says about the driver that is tried; undefined for one that has nothing to do with it. */
export function findingOf(error: unknown): StepFailure | undefined {
  if (error instanceof StepFailure) return error;
  if (error instanceof MeshError || error instanceof FixtureError)
    return new StepFailure(error.message, error.remedy === undefined ? [] : [error.remedy]);
  if (!(error instanceof ClusterError) || !aboutContent.has(error.code)) return undefined;
  return new StepFailure(error.message, ['is it what the mesh’s own definitions say? driver check --against compares']);
}
