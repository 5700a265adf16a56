/** What a run's end means to whoever started it. */
export const exitStatus = { fine: 0, failed: 1, wrongUse: 2, inconclusive: 3, interrupted: 130 } as const;

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
  if (!isErrorLike(error)) return { status: exitStatus.inconclusive, message: String(error), isDefect: true };
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
      return { status: exitStatus.inconclusive, message: error.message, ...remedy };
    default:
      if (isShortage(error['code'])) return { status: exitStatus.inconclusive, ...shortage(error) };
      return { status: exitStatus.inconclusive, message: `${error.name}: ${error.message}`, isDefect: true };
  }
}

/** Codes of the operating system's for what this process may not have more of. */
const shortages: Record<string, [what: string, remedy: string]> = {
  EMFILE: ['this process may not open more files', 'raise the limit for the shell that starts it: ulimit -n 512'],
  ENFILE: ['this machine has too many open files', 'end other programs'],
  EAGAIN: ['this user may not start more processes', 'raise the limit for the shell that starts it: ulimit -u 1024'],
  ENOMEM: ['this machine has no memory left', 'end other programs, or give the machine more memory'],
};

function isShortage(code: unknown): code is string {
  return typeof code === 'string' && code in shortages;
}

function shortage(error: Error & Record<string, unknown>): Pick<Explained, 'message' | 'remedy'> {
  const [what = '', remedy = ''] = shortages[String(error['code'])] ?? [];
  return { message: `${what} (${error.message})`, remedy };
}

function statusOfFault(whose: unknown): number {
  if (whose === 'mesh') return exitStatus.failed;
  return whose === 'user' ? exitStatus.wrongUse : exitStatus.inconclusive;
}

/** An error as it stands in a log: with its stack where it has one. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** By shape and not by class: an error can come from another realm. */
function isErrorLike(value: unknown): value is Error & Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}
