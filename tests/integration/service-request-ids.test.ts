/**
 * What an examinee reads out to a helper is found in the log: the request ids of answers that had no result to
 * give, from the API and on the page, on both runtimes.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Installation, TestCandidate } from '../helpers/batch.ts';
import {
  fieldsOf,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
} from '../helpers/batch.ts';
import { RUNTIMES, startService } from '../helpers/service.ts';
import type { TcpProxy } from '../../infra/local/tcp-proxy.ts';
import { startTcpProxy, throughProxy } from '../../infra/local/tcp-proxy.ts';
import { until } from '../helpers/until.ts';

const SERIES = presetDefinition('gaokao', 'named-gaokao');
const [candidate] = gaokaoCandidates(SERIES, 1) as [TestCandidate];
let installation: Installation;
let toPostgres: TcpProxy;

beforeAll(async () => {
  installation = await makeInstallation(undefined);
  await openBatch(installation, SERIES, [candidate]);
  toPostgres = await startTcpProxy(Number(new URL(installation.serviceUrl).port));
});
afterAll(async () => {
  await toPostgres.close();
  await installation.database.drop();
});

describe.each(RUNTIMES)('on %s', (runtime) => {
  it('the request id of a 503 is in the log, and in no line beside it is anything of the candidate', async () => {
    toPostgres.mend();
    const service = await startService({
      runtime,
      databaseUrl: throughProxy(installation.serviceUrl, toPostgres),
      redisUrl: 'none',
      pepperFile: installation.pepperFile,
    });
    onTestFinished(async () => void (await service.stop()));
    expect((await service.lookup(SERIES.id, fieldsOf(SERIES, candidate))).status).toBe(200);
    toPostgres.cut();
    const answer = await service.lookup(SERIES.id, fieldsOf(SERIES, candidate));
    expect(answer.status).toBe(503);

    const page = await fetch(`${service.url}/s/${SERIES.id}`, {
      method: 'POST',
      body: new URLSearchParams(fieldsOf(SERIES, candidate)),
    });
    expect(page.status).toBe(503);
    const shown = /\b[0-9a-f]{16}\b/.exec(await page.text())?.[0];
    expect(shown).toBeDefined();

    const logged = (): unknown[] => service.log().map(({ requestId }) => requestId);
    await until('both are in the log', () =>
      [answer.json['requestId'], shown].every((requestId) => logged().includes(requestId)),
    );
    expect(logged().filter((id) => id === shown)).toHaveLength(1);
    expect(await service.metric('fangbang_server_errors_total{status="503"}')).toBe(2);
    for (const canary of [...Object.values(candidate.credentials), candidate.slip.name])
      expect(service.output()).not.toContain(canary);
  });
});
