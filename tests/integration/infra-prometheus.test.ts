/**
 * The metrics of the real service, alone and under its supervisor, judged by Prometheus's promtool; alert rules and
 * dashboard, which may speak of nothing else.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { keep } from '../../infra/local/checkout.ts';
import type { Promtool } from '../../infra/prometheus/promtool.ts';
import { findPromtool } from '../../infra/prometheus/promtool.ts';
import type { Installation, TestCandidate } from '../helpers/batch.ts';
import {
  fieldsOf,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
} from '../helpers/batch.ts';
import { RUNTIMES, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';

const SERIES = presetDefinition('gaokao', 'scraped-gaokao');
const [candidate] = gaokaoCandidates(SERIES, 1) as [TestCandidate];
const folder = fileURLToPath(new URL('../../infra/prometheus/', import.meta.url));
const dashboard = readFileSync(new URL('../../infra/grafana/dashboard.json', import.meta.url), 'utf8');

const promtool: Promtool | undefined = await findPromtool({
  searchPath: process.env['PATH'] ?? '',
  folder: join(keep('prometheus'), 'program'),
  say: (line) => console.warn(line),
});

let installation: Installation;
beforeAll(async () => {
  installation = await makeInstallation((await redisDatabase()).url);
  await openBatch(installation, SERIES, [candidate]);
});
afterAll(async () => {
  await installation.database.drop();
});

/** What is scraped after a lookup. */
async function scrape(runtime: (typeof RUNTIMES)[number], program: 'main' | 'serve'): Promise<string> {
  const service = await startService({
    runtime,
    program,
    databaseUrl: installation.serviceUrl,
    redisUrl: installation.redisUrl ?? 'none',
    pepperFile: installation.pepperFile,
    env: { INSTANCES: '2' },
  });
  try {
    expect((await service.lookup(SERIES.id, fieldsOf(SERIES, candidate))).status).toBe(200);
    const answer = await fetch(`${service.adminUrl}/metrics`);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    return await answer.text();
  } finally {
    await service.stop();
  }
}

const samples = (text: string): Map<string, Record<string, string>[]> => {
  const found = new Map<string, Record<string, string>[]>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z_]\w*)(?:\{(.*)\})? \S+$/gim)) {
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value]);
    found.set(name, [...(found.get(name) ?? []), Object.fromEntries(pairs) as Record<string, string>]);
  }
  return found;
};

interface Named {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Metrics, and labels that they must have, in an expression of PromQL. */
const namedIn = (expression: string): Named[] =>
  [...expression.matchAll(/\b((?:fangbang|process)_[a-z_]+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', labels = '']) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
      ) as Record<string, string>,
    }),
  );

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}

function spokenOf(): Named[] {
  const rules = parse(readFileSync(`${folder}alerts.yml`, 'utf8')) as Rules;
  const { panels } = JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] };
  const expressions = [
    ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  expect(expressions.length).toBeGreaterThan(30);
  return expressions.flatMap(namedIn);
}

describe.each(RUNTIMES)('metrics on %s', (runtime) => {
  it('are those that alerts and dashboard speak of, with their labels, and promtool finds no fault', async () => {
    const alone = await scrape(runtime, 'main');
    const supervised = await scrape(runtime, 'serve');
    const spoken = spokenOf();
    for (const [text, isSupervised] of [
      [alone, false],
      [supervised, true],
    ] as const) {
      const exposed = samples(text);
      const missing = spoken.filter(
        ({ name, labels }) =>
          (isSupervised || !name.startsWith('fangbang_instance')) &&
          exposed
            .get(name)
            ?.some((has) => Object.entries(labels).every(([key, value]) => has[key] === value)) !== true,
      );
      expect(missing).toEqual([]);
      expect(exposed.get('fangbang_build_info')).toMatchObject([{ runtime }]);
      expect(exposed.get('fangbang_postgres_connections')?.map(({ pool }) => pool)).toEqual([
        'publications',
        'fallback',
      ]);
      if (promtool === undefined) continue;
      // The libraries' own metrics are their makers' matter.
      const { said } = promtool(['check', 'metrics'], text);
      expect(said.split('\n').filter((line) => line.startsWith('fangbang'))).toEqual([]);
    }
    expect(alone).toMatch(/^fangbang_redis_connected\{client="read"\} 1$/m);
    for (const canary of [...Object.values(candidate.credentials), candidate.slip.name])
      expect(alone + supervised).not.toContain(canary);
  });
});

describe.skipIf(promtool === undefined)('promtool', () => {
  const run = (...args: string[]): void => {
    const result = promtool?.(args) ?? { code: -1, said: '' };
    expect(result).toEqual({ code: 0, said: result.said });
  };

  it('accepts the rules, and each alert fires on its fault alone', () => {
    run('check', 'rules', `${folder}alerts.yml`);
    run('test', 'rules', `${folder}alerts.test.yml`);
  });

  it('accepts both configurations', () => {
    run('check', 'config', `${folder}prometheus.yml`);
    // Debian builds it without the discovery of Kubernetes: the rest of the configuration is judged.
    const { scrape_configs, rule_files, ...rest } = parse(
      readFileSync(`${folder}kubernetes.yml`, 'utf8'),
    ) as {
      scrape_configs: { kubernetes_sd_configs: unknown }[];
      rule_files: string[];
    };
    const others = scrape_configs.map((one) => ({ ...one, kubernetes_sd_configs: undefined }));
    const config = { ...rest, scrape_configs: others, rule_files: rule_files.map((name) => folder + name) };
    const made = mkdtempSync(join(tmpdir(), 'fangbang-prometheus-'));
    try {
      writeFileSync(join(made, 'kubernetes.yml'), stringify(config));
      run('check', 'config', join(made, 'kubernetes.yml'));
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  });
});
