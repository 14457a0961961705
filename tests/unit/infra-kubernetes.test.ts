/**
 * @module What can be known of the Kubernetes manifests without a cluster: that they fit one another, the image and
 * the service's configuration; and that every alert leads to a place in the runbook.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../service/config.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

type Labels = Readonly<Record<string, string>>;
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports?: readonly { name: string; containerPort: number }[];
  readonly env: readonly { name: string; value?: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly securityContext: object;
  readonly resources: object;
  readonly volumeMounts: readonly { name: string; mountPath: string; readOnly?: boolean }[];
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Pod {
  readonly metadata: { readonly labels: Labels };
  readonly spec: {
    readonly terminationGracePeriodSeconds?: number;
    readonly automountServiceAccountToken: boolean;
    readonly securityContext: { readonly runAsUser: number };
    readonly containers: readonly [Container];
    readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
  };
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly replicas?: number;
    readonly template?: Pod;
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly podSelector?: { readonly matchLabels?: Labels };
    readonly ingress?: readonly { readonly ports: readonly { readonly port: string | number }[] }[];
    readonly maxUnavailable?: number;
  };
}

const folder = 'infra/kubernetes/';
const manifests = readdirSync(new URL(folder, ROOT))
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => parseAllDocuments(read(folder + name)).map((one) => one.toJS() as Manifest));
const manifest = (kind: string, name: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
const podOf = (one: Manifest): Pod => {
  if (one.spec.template === undefined) throw new Error(`${one.metadata.name} has no pods`);
  return one.spec.template;
};
const service = podOf(manifest('Deployment', 'fangbang'));
const [container] = service.spec.containers;
const pods = [service, podOf(manifest('Job', 'fangbang-migrate'))];
const holds = (labels: Labels, selector: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

describe('the Kubernetes manifests', () => {
  test('are all in one namespace, which is made', () => {
    const namespaces = manifests
      .filter(({ kind }) => kind !== 'Namespace')
      .map((one) => one.metadata.namespace);
    expect(new Set(namespaces)).toEqual(new Set([manifest('Namespace', 'fangbang').metadata.name]));
  });

  test('have no autoscaler, and pods for a machine to fail', () => {
    expect(manifests.filter(({ kind }) => kind.includes('Autoscaler'))).toEqual([]);
    expect(manifest('Deployment', 'fangbang').spec.replicas).toBeGreaterThan(2);
    expect(manifest('PodDisruptionBudget', 'fangbang').spec.maxUnavailable).toBe(1);
  });

  test('every selector finds the service’s pods', () => {
    const { labels } = service.metadata;
    const selectors = [
      manifest('Deployment', 'fangbang').spec.selector?.matchLabels,
      manifest('PodDisruptionBudget', 'fangbang').spec.selector?.matchLabels,
      manifest('Service', 'fangbang').spec.selector,
      manifest('NetworkPolicy', 'fangbang-service').spec.podSelector?.matchLabels,
      manifest('NetworkPolicy', 'fangbang-stores').spec.podSelector?.matchLabels,
    ];
    for (const selector of selectors)
      expect([selector, holds(labels, selector as Labels)]).toEqual([selector, true]);
    expect(manifest('NetworkPolicy', 'fangbang-nothing').spec.podSelector).toEqual({});
  });

  test('a port that is spoken of is one of the container’s, and those are the configuration’s', () => {
    const ports = Object.fromEntries((container.ports ?? []).map((port) => [port.name, port.containerPort]));
    const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    expect(ports).toEqual({ http: Number(env['PORT']), admin: Number(env['ADMIN_PORT']) });
    const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
    expect(probes.map((probe) => [probe?.httpGet.port, probe?.httpGet.path])).toEqual([
      ['admin', '/livez'],
      ['admin', '/readyz'],
      ['admin', '/livez'],
    ]);
    expect(manifest('Service', 'fangbang').spec.ports?.map(({ targetPort }) => targetPort)).toEqual(['http']);
    const opened = manifest('NetworkPolicy', 'fangbang-service').spec.ingress?.flatMap((rule) =>
      rule.ports.map(({ port }) => port),
    );
    expect(opened).toEqual(['http', 'admin']);
  });

  test('the environment is a configuration without a fault, and every variable is known', () => {
    const made = mkdtempSync(join(tmpdir(), 'fangbang-kubernetes-'));
    afterAll(() => rmSync(made, { recursive: true, force: true }));
    const secrets: Record<string, string> = {
      DATABASE_URL_FILE: 'postgres://fangbang_app:x@postgres.fangbang-stores:5432/fangbang',
      REDIS_URL_FILE: 'redis://redis.fangbang-stores:6379/0',
    };
    const env: Record<string, string> = {};
    for (const { name, value = '' } of container.env) {
      if (name === 'FANGBANG_PEPPER_FILE') {
        env[name] = join(made, 'pepper');
        writeFileSync(env[name], `${Buffer.alloc(32, 7).toString('base64')}\n`);
      } else env[name.replace(/_FILE$/, '')] = secrets[name] ?? value;
    }
    expect(readConfig(env)).toMatchObject({ host: '0.0.0.0', port: 8080, adminPort: 9090, instances: 1 });
    const known = new Set(
      read('service/config.ts')
        .match(/^ {2}[A-Z][A-Z_]+(?=:)/gm)
        ?.map((name) => name.trim()),
    );
    expect(known.size).toBeGreaterThan(10);
    expect(Object.keys(env).filter((name) => !known.has(name))).toEqual([]);
  });

  test('every file that a variable names lies in a secret that is mounted, read-only', () => {
    for (const { spec } of pods) {
      const [{ env, volumeMounts }] = spec.containers;
      const files = env.filter(({ name }) => name.endsWith('_FILE')).map(({ value = '' }) => value);
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        const mount = volumeMounts.find(({ mountPath }) => file.startsWith(`${mountPath}/`));
        expect([file, mount?.readOnly]).toEqual([file, true]);
        expect(spec.volumes.find(({ name }) => name === mount?.name)?.secret?.secretName).toMatch(
          /^fangbang-/,
        );
      }
      for (const { name } of volumeMounts) expect(spec.volumes.map((volume) => volume.name)).toContain(name);
    }
  });

  test('a password stands in no manifest', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret' || kind === 'ConfigMap')).toEqual([]);
    for (const { spec } of pods)
      for (const { name } of spec.containers[0].env)
        expect([name, /PASSWORD|TOKEN|KEY|URL$|PEPPER$/.test(name)]).toEqual([name, false]);
  });

  test('pods run as the image’s user and may do nothing beyond it', () => {
    const user = Number(/^USER (\d+):/m.exec(read('infra/image/Dockerfile'))?.[1]);
    for (const { spec } of pods) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: user, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            resources: { limits: { memory: expect.any(String) as string } },
          },
        ],
      });
    }
  });

  test('they are of this version, and run what the image has', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    for (const { spec } of pods) {
      expect(spec.containers[0].image).toBe(`fangbang:${version}`);
      expect(read('infra/image/Dockerfile')).toContain(` infra/image/${spec.containers[0].args[0]} `);
    }
  });

  test('a pod is given the time that it takes to stop', () => {
    const sleep = Number(container.lifecycle?.preStop.exec.command[1]);
    const [drainMs = 0, finishMs = 0] = ['DRAIN_MS', 'FINISH_MS'].map((name) =>
      Number(
        new RegExp(`^const ${name} = ([\\d_]+)`, 'm').exec(read('service/host.ts'))?.[1]?.replaceAll('_', ''),
      ),
    );
    expect(drainMs + finishMs).toBeGreaterThan(0);
    expect(service.spec.terminationGracePeriodSeconds).toBeGreaterThan(sleep + (drainMs + finishMs) / 1_000);
  });
});

describe('every alert', () => {
  const { groups } = parse(read('infra/prometheus/alerts.yml')) as {
    groups: { rules: { alert: string; annotations: { summary: string; runbook: string } }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  const anchors = new Set([...read('infra/runbook.md').matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id));

  test.each(rules.map(({ alert, annotations }) => [alert, annotations.runbook] as const))(
    '%s leads to %s, which is there',
    (_alert, runbook) => {
      const [path, anchor] = runbook.split('#');
      expect([path, anchors.has(anchor)]).toEqual(['infra/runbook.md', true]);
    },
  );

  test('has a test', () => {
    const tried = read('infra/prometheus/alerts.test.yml');
    expect(rules.filter(({ alert }) => !tried.includes(`alertname="${alert}"`))).toEqual([]);
  });

  test('that the runbook explains exists', () => {
    const explained = [...anchors].filter((id) => id?.startsWith('alert-') === true);
    const named = new Set(rules.map(({ annotations }) => annotations.runbook.split('#')[1]));
    expect(explained.filter((id) => !named.has(id))).toEqual([]);
    expect(explained.length).toBeGreaterThan(5);
  });
});
