import type { RehearsalRecord } from './record.ts';
export function reportPage(record: RehearsalRecord): string {
  return JSON.stringify(record);
}
