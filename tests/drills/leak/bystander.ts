/**
 * @module What anybody else on the machine can see while the programs run: their command lines and environments,
 * their temporary files, and what Postgres says that it is doing.
 *
 * Failure policy: what is gone before it is read is not seen; that is why it looks often.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Findings } from './findings.ts';

const EVERY_MS = 20;

export class Bystander {
  readonly #findings: Findings;
  readonly #folder: string;
  readonly #postgres: Client;
  readonly #pids = new Set<number>();
  readonly #seen = new Set<string>();
  readonly #stop = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  looks = 0;

  private constructor(findings: Findings, folder: string, postgres: Client) {
    this.#findings = findings;
    this.#folder = folder;
    this.#postgres = postgres;
  }

  /** @param folder for temporary files. @param url of the superuser. */
  static async begin(findings: Findings, folder: string, url: string): Promise<Bystander> {
    const postgres = new Client({ connectionString: url });
    postgres.on('error', () => {});
    await postgres.connect();
    const bystander = new Bystander(findings, folder, postgres);
    bystander.#watching = bystander.#watch();
    return bystander;
  }

  follow(pid: number | undefined): void {
    if (pid !== undefined) this.#pids.add(pid);
  }

  /** Ends the watch. @returns the files that are left in the folder. */
  async end(): Promise<string[]> {
    this.#stop.abort();
    await this.#watching;
    await this.#postgres.end().catch(() => {});
    return filesIn(this.#folder);
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.looks += 1;
      for (const pid of this.#pids)
        for (const what of ['cmdline', 'environ']) this.#look('process list', `/proc/${pid}/${what}`);
      for (const path of filesIn(this.#folder)) {
        this.#once('temporary files', Buffer.from(path));
        this.#look('temporary files', path);
      }
      const { rows } = await this.#postgres
        .query<{ query: string }>('select query from pg_stat_activity where pid <> pg_backend_pid()')
        .catch(() => ({ rows: [] }));
      for (const { query } of rows) this.#once('statements in Postgres', Buffer.from(query ?? ''));
      await sleep(EVERY_MS);
    }
  }

  #look(name: string, path: string): void {
    try {
      this.#once(name, readFileSync(path));
    } catch {
      // Gone meanwhile.
    }
  }

  #once(name: string, bytes: Buffer): void {
    const key = `${name} ${bytes.toString('latin1')}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#findings.search({ name }, bytes);
  }
}

/** Paths of all files in a folder and below. */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  } catch {
    // A folder below has gone meanwhile.
    return [];
  }
}
