/** What a run's end means to whoever started it. */
export const exitStatus = { fine: 0, failed: 1, wrongUse: 2, broken: 3, interrupted: 130 } as const;

/** An error as people are told of it. */
export interface Explained {
  status: number;
  message: string;
  /** What to do about it, a line each. */
  remedy?: string;
  /** Nobody foresaw it: a defect of the harness. */
  isDefect?: true;
}

/**
 * What an error that ends the program means. Errors are known by name and by whose fault they say it is, so that nothing
 * has to be loaded to know them. One that nobody foresaw is a defect of the harness; its stack is for a log, not for people.
 */
export function explainError(error: unknown): Explained {
  if (!isErrorLike(error)) return { status: exitStatus.broken, message: String(error), isDefect: true };
  const remedy = typeof error['remedy'] === 'string' ? { remedy: error['remedy'] } : {};
  switch (error.name) {
    case 'UsageError':
    case 'DriverError':
      return { status: exitStatus.wrongUse, message: error.message, ...remedy };
    case 'MeshError':
      return { status: statusOfFault(error['whose']), message: error.message, ...remedy };
    case 'EnvironmentError':
    case 'FixtureError':
    case 'ProviderError':
    case 'SandboxError':
    case 'ClusterError':
    case 'HarnessError':
      return { status: exitStatus.broken, message: error.message, ...remedy };
    default:
      return { status: exitStatus.broken, message: `${error.name}: ${error.message}`, isDefect: true };
  }
}

function statusOfFault(whose: unknown): number {
  if (whose === 'mesh') return exitStatus.failed;
  return whose === 'user' ? exitStatus.wrongUse : exitStatus.broken;
}

/** By shape and not by class: an error can come from another realm. */
function isErrorLike(value: unknown): value is Error & Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}
