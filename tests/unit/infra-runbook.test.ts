/**
 * @module The runbook names only what exists: it is read when there is no time to find out.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  FILTER_OUTCOMES,
  HEAL_OUTCOMES,
  LOOKUP_OUTCOMES,
  POLL_OUTCOMES,
  POSTGRES_OUTCOMES,
  REDIS_OUTCOMES,
} from '../../service/lookup/observer.ts';
import { createMetrics } from '../../service/metrics.ts';
import { ownMetrics } from '../../service/supervisor/overview.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const PAGES = ['infra/runbook.md', 'infra/README.md', 'loadtest/README.md'];
const text = PAGES.map(read).join('\n');

test('every verb of fangbang in it has a file', () => {
  const verbs = new Set(
    [...text.matchAll(/\bfangbang ([a-z]+(?: (?:migrate|add|preset|list|show))?)/g)].map(([, v]) => v),
  );
  const files = new Set(readdirSync(new URL('loader-cli/commands/', ROOT)));
  expect(verbs.size).toBeGreaterThan(10);
  const missing = [...verbs].filter((verb) => {
    const [first = '', second = ''] = (verb ?? '').split(' ');
    return !files.has(`${first}.ts`) && !files.has(`${first}-${second}.ts`);
  });
  expect(missing).toEqual([]);
});

test('every metric in it is exposed, with that outcome', async () => {
  const metrics = createMetrics();
  metrics.watch({
    listSeries: () => undefined,
    pollAgeMs: () => 0,
    epoch: () => 1,
    isReady: () => true,
    loopDelayMs: () => 0,
    pools: {},
    redis: {},
    build: { version: '0', runtime: 'node', runtimeVersion: '0' },
  });
  const supervisor = ownMetrics({ wanted: 1, listening: 1, silent: 0, restarts: 0 });
  const exposed = (await metrics.expose()).text + (await supervisor.metrics());
  const named = [...text.matchAll(/`(fangbang_[a-z_]+)(?:\{(\w+)="([^"]+)"\})?`/g)];
  expect(named.length).toBeGreaterThan(10);
  const outcomes: Record<string, readonly string[]> = {
    fangbang_lookups_total: LOOKUP_OUTCOMES,
    fangbang_redis_reads_total: REDIS_OUTCOMES,
    fangbang_postgres_reads_total: POSTGRES_OUTCOMES,
    fangbang_filter_checks_total: FILTER_OUTCOMES,
    fangbang_polls_total: POLL_OUTCOMES,
    fangbang_heals_total: HEAL_OUTCOMES,
  };
  for (const [, name = '', label, value = ''] of named) {
    expect(exposed).toContain(`# TYPE ${name} `);
    const known = label === 'outcome' ? outcomes[name]?.includes(value) : true;
    expect([name, value, known]).toEqual([name, value, true]);
  }
});

test('every service of compose in it exists', () => {
  const { services } = parse(read('infra/compose.yaml'), { merge: true }) as {
    services: Record<string, unknown>;
  };
  const named = [
    ...text.matchAll(
      /compose (?:restart|logs(?: --follow)?|exec(?: -T)?|run --rm|up(?: --[a-z-]+)*) ([a-z][a-z0-9-]*)/g,
    ),
  ].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => name === undefined || !(name in services))).toEqual([]);
});

test('every link in the pages leads to a file or a heading', () => {
  for (const page of PAGES) {
    const links = [...read(page).matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    for (const link of links) {
      const [path = '', anchor] = link.split('#');
      const target = new URL(path === '' ? page : new URL(path, new URL(page, ROOT)), ROOT);
      expect([page, link, existsSync(fileURLToPath(target))]).toEqual([page, link, true]);
      if (anchor === undefined) continue;
      const content = readFileSync(target, 'utf8');
      const headings = [...content.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
      const ids = [...content.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id);
      expect([page, link, [...headings, ...ids].includes(anchor)]).toEqual([page, link, true]);
    }
  }
});

/** As the usual renderers of Markdown name a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/<[^>]+>|[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}
