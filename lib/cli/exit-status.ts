/** What a run's end means to whoever started it. */
export const exitStatus = { fine: 0, failed: 1, wrongUse: 2, broken: 3, interrupted: 130 } as const;

/** An error as people are told of it. */
export interface Explained {
  status: number;
  message: string;
  /** What to do about it, a line each. */
  remedy?: string;
}

/**
 * What an error that ends the program means. Errors are known by name and by whose fault they say it is, so that nothing
 * has to be loaded to know them. One that nobody foresaw is the harness's own, and comes with its stack.
 */
export function explainError(error: unknown): Explained {
  if (!isErrorLike(error)) return { status: exitStatus.broken, message: String(error) };
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
      return { status: exitStatus.broken, message: error.stack ?? error.message };
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
