import { itemsOf } from '../json.ts';
import { now } from '../objects/index.ts';

export interface Condition {
  type: string;
  status: 'True' | 'False';
  reason?: string;
  message?: string;
  [field: string]: unknown;
}

/** The wanted conditions, each with the time of its last transition: that of `old` where the status is the same. */
export function transitioned(wanted: Condition[], old: unknown): Condition[] {
  const before = itemsOf(old);
  return wanted.map((condition) => {
    const last = before.find((one) => one['type'] === condition.type);
    const isSame = last?.['status'] === condition.status;
    return { ...condition, lastTransitionTime: isSame ? last?.['lastTransitionTime'] : now() };
  });
}

/** Whether the object's condition of this type is true. */
export function isTrue(conditions: unknown, type: string): boolean {
  return itemsOf(conditions).some((condition) => condition['type'] === type && condition['status'] === 'True');
}
