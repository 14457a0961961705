/**
 * What to install for a forecast, from what was measured: each number with where it comes from.
 */

/** What a rehearsal knows of an installation. */
export interface PlanFacts {
  /** C: requests of all kinds a second, of one installation as it was measured. */
  readonly capacityPerSecond: number;
  /** C is only known to be at least this: the generator was the limit. */
  readonly isLowerBound: boolean;
  /** Share of the requests that are honest lookups. */
  readonly lookupShare: number;
  /** CPU seconds a request at the highest rate that was measured; undefined when they were not seen. */
  readonly serviceCpuPerRequest: number | undefined;
  readonly redisCpuPerRequest: number | undefined;
  readonly redisBytesPerCandidate: number | undefined;
  /** Of the service to Postgres, the most that were seen at once. */
  readonly postgresConnections: number | undefined;
  /** Processes of the service that were measured together. */
  readonly serviceProcesses: number;
}

export interface PlanDemand {
  readonly candidates: number;
  readonly lookupsPerCandidate: number;
  /** All of these lookups come within so many minutes. */
  readonly minutes: number;
  /** So many times what is expected. */
  readonly reserve: number;
}

/** A number of the plan and how it came about. */
export interface PlanNumber {
  readonly name: 'lookups' | 'instances' | 'cores' | 'redisMemory' | 'redisShards' | 'postgresConnections';
  /** undefined: what it needs was not measured. */
  readonly value: number | undefined;
  readonly unit: string;
  /** In words, with the numbers. */
  readonly how: string;
  /** Which part of the report holds the measurement. */
  readonly from: 'forecast' | 'capacity' | 'resources';
}

export interface Plan {
  readonly demand: PlanDemand;
  /** Requests of all kinds a second that the installation must hold, the reserve included. */
  readonly requestsPerSecond: number;
  readonly numbers: readonly PlanNumber[];
}

/** A shard of Redis is busy at most half of its one thread, and holds at most so much. */
const REDIS_BUSY = 0.5;
const REDIS_SHARD_BYTES = 8 * 2 ** 30;
/** Counters, buffers of clients, fragmentation. */
const REDIS_HEADROOM = 1.5;
/**
 * The most connections that one process of the service opens: 2 for the publications, 5 for what Redis has
 * lost (service/main.ts, service/lookup/postgres-fallback.ts; a test holds this to them).
 */
export const POSTGRES_CONNECTIONS_MOST = 7;

/** Makes the plan. */
export function makePlan(facts: PlanFacts, demand: PlanDemand): Plan {
  const { candidates, lookupsPerCandidate, minutes, reserve } = demand;
  const lookups = (candidates * lookupsPerCandidate * reserve) / (minutes * 60);
  const requests = lookups / facts.lookupShare;
  const instances = Math.max(1, Math.ceil(requests / facts.capacityPerSecond));
  const share = percent(facts.lookupShare);
  const bound = facts.isLowerBound ? 'at least ' : '';
  return {
    demand,
    requestsPerSecond: requests,
    numbers: [
      {
        name: 'lookups',
        value: Math.ceil(lookups),
        unit: '/s',
        how: `${grouped(candidates)} candidates × ${lookupsPerCandidate} lookups ÷ ${minutes} min × reserve ${reserve}; with pages and the rest (lookups are ${share} of the requests) ${grouped(requests)} requests/s`,
        from: 'forecast',
      },
      {
        name: 'instances',
        value: instances,
        unit: '',
        how: `${grouped(requests)} requests/s ÷ C = ${bound}${grouped(facts.capacityPerSecond)} requests/s of the installation that was measured`,
        from: 'capacity',
      },
      coresNumber(facts, requests),
      memoryNumber(facts, candidates),
      shardsNumber(facts, requests, candidates),
      {
        name: 'postgresConnections',
        value: instances * facts.serviceProcesses * POSTGRES_CONNECTIONS_MOST,
        unit: '',
        how: `${grouped(instances)} instances × ${facts.serviceProcesses} process(es) × at most ${POSTGRES_CONNECTIONS_MOST} by the service's own bound${facts.postgresConnections === undefined ? '' : `; seen in the run: ${facts.postgresConnections}`}`,
        from: 'resources',
      },
    ],
  };
}

/** A number of the plan by its name. */
export function planValue(plan: Plan, name: PlanNumber['name']): number | undefined {
  return plan.numbers.find((number) => number.name === name)?.value;
}

function coresNumber({ serviceCpuPerRequest }: PlanFacts, requests: number): PlanNumber {
  return {
    name: 'cores',
    value: serviceCpuPerRequest === undefined ? undefined : Math.ceil(requests * serviceCpuPerRequest),
    unit: 'cores',
    how:
      serviceCpuPerRequest === undefined
        ? 'the CPU of the service was not seen from here'
        : `${grouped(requests)} requests/s × ${micro(serviceCpuPerRequest)} µs of service CPU each; stores and balancers not included`,
    from: 'resources',
  };
}

function memoryNumber({ redisBytesPerCandidate: bytes }: PlanFacts, candidates: number): PlanNumber {
  return {
    name: 'redisMemory',
    value: bytes === undefined ? undefined : (candidates * bytes * REDIS_HEADROOM) / 2 ** 30,
    unit: 'GiB',
    how:
      bytes === undefined
        ? 'the memory of Redis was not seen from here'
        : `${grouped(candidates)} candidates × ${bytes.toFixed(0)} B each × ${REDIS_HEADROOM} for counters, buffers and fragmentation`,
    from: 'resources',
  };
}

function shardsNumber(facts: PlanFacts, requests: number, candidates: number): PlanNumber {
  const { redisCpuPerRequest: cpu, redisBytesPerCandidate: bytes } = facts;
  if (cpu === undefined || bytes === undefined)
    return {
      name: 'redisShards',
      value: undefined,
      unit: '',
      how: 'Redis was not seen from here',
      from: 'resources',
    };
  const byCpu = Math.ceil((requests * cpu) / REDIS_BUSY);
  const byMemory = Math.ceil((candidates * bytes * REDIS_HEADROOM) / REDIS_SHARD_BYTES);
  return {
    name: 'redisShards',
    value: Math.max(1, byCpu, byMemory),
    unit: '',
    how: `by CPU ${Math.max(1, byCpu)} (${grouped(requests)} requests/s × ${micro(cpu)} µs of Redis CPU each, a shard's thread busy ${percent(REDIS_BUSY)} at most), by memory ${byMemory} (8 GiB each)`,
    from: 'resources',
  };
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function micro(seconds: number): string {
  const us = seconds * 1e6;
  return us < 10 ? us.toFixed(1) : us.toFixed(0);
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
