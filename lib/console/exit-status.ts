import { expectedError, type Whose } from '../words/index.ts';

/** How the program ends. */
export const exitStatus = { fine: 0, failed: 1, wrongUse: 2, inconclusive: 3, interrupted: 130 } as const;

const statusOfFault: Record<Whose, number> = {
  user: exitStatus.wrongUse,
  mesh: exitStatus.failed,
  environment: exitStatus.inconclusive,
  harness: exitStatus.inconclusive,
};

/** An error for people. */
export interface Explained {
  status: number;
  whose: Whose;
  message: string;
  /** What to do, a line each. */
  remedy?: string;
  /** Unexpected: a defect of the harness. */
  isDefect?: true;
}

/** What an error that ends the program means. The stack of an unexpected one is for a log, not for people. */
export function explainError(error: unknown): Explained {
  const expected = expectedError(error);
  if (expected !== undefined) {
    const { whose, message, remedy } = expected;
    return { status: statusOfFault[whose], whose, message, ...(remedy === undefined ? {} : { remedy }) };
  }
  const own = { status: exitStatus.inconclusive, whose: 'harness' } as const;
  if (!isErrorLike(error)) return { ...own, message: String(error), isDefect: true };
  const { name, message, code } = error;
  const shortage = shortages[String(code)];
  if (shortage === undefined) return { ...own, message: `${name}: ${message}`, isDefect: true };
  return { ...own, message: `${shortage.what} (${message})`, remedy: shortage.remedy };
}

/** The operating system's codes for a limit that this process has reached. */
const shortages: Record<string, { what: string; remedy: string }> = {
  EMFILE: {
    what: 'this process may not open more files',
    remedy: 'raise the limit for the shell that starts it: ulimit -n 512',
  },
  ENFILE: { what: 'this machine has too many open files', remedy: 'end other programs' },
  EAGAIN: {
    what: 'this user may not start more processes',
    remedy: 'raise the limit for the shell that starts it: ulimit -u 1024',
  },
  ENOMEM: { what: 'this machine has no memory left', remedy: 'end other programs, or give the machine more memory' },
};

/** An error for a log: with its stack, if it has one. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** By shape and not by class: an error can come from another realm. */
function isErrorLike(value: unknown): value is Error & { code?: unknown } {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}
