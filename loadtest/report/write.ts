/**
 * @module Puts a rehearsal's report.html and report.json into a folder.
 *
 * Failure policy: a folder that cannot be written to is the system's own error.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { keep } from '../../infra/local/checkout.ts';
import { reportPage } from './page.ts';
import type { RehearsalRecord } from './record.ts';

/**
 * Writes both.
 * @param folder undefined: a new one under .fangbang/rehearsals/.
 * @returns the absolute path of report.html.
 */
export function writeReport(record: RehearsalRecord, folder: string | undefined): string {
  const stamp = record.startedAt.slice(0, 19).replaceAll(':', '').replace('T', '-');
  const target =
    folder === undefined ? keep('rehearsals', `${record.summary.profile}-${stamp}`) : resolve(folder);
  mkdirSync(target, { recursive: true });
  const page = join(target, 'report.html');
  const whole = { ...record, summary: { ...record.summary, report: page } };
  writeFileSync(join(target, 'report.json'), `${JSON.stringify(whole)}\n`);
  writeFileSync(page, reportPage(whole));
  return page;
}
