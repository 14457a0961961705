/**
 * The charts of a record: which numbers are drawn how.
 */
import type { Chart, Line, Point } from './charts.ts';
import { COLOURS } from './charts.ts';
import type { CapacityRecord, CapacityStep, RehearsalRecord, SimulationRecord } from './record.ts';
import type { Simulation } from '../capacity/simulate.ts';
import { measuredRate, usableSteps } from '../capacity/assess.ts';
import { coresAt, fitModel } from '../capacity/model.ts';
import { OBJECTIVE } from '../profiles/profile.ts';

const SECONDS = '运行开始后秒数 seconds since the beginning';
const RELEASE = 'T 发布 release';

/** What was asked and answered in each second. */
export function rateChart({ run, releaseSecond }: RehearsalRecord): Chart {
  const line = (name: string, colour: string, of: (one: (typeof run.bySecond)[number]) => number): Line => ({
    name,
    colour,
    stack: 'answers',
    points: run.bySecond.map((one): Point => [one.second, of(one)]),
  });
  const { wrongAnswers } = run.figures;
  const hasAsked = run.bySecond.some(({ asked }) => asked > 0);
  const hasFailed = run.bySecond.some(({ failed }) => failed > 0);
  return {
    label: 'Requests in each second of the run, by what became of them',
    xName: SECONDS,
    yName: '请求/秒 requests/s',
    lines: [
      line('正确 right', COLOURS.green, ({ right }) => right),
      ...(hasAsked ? [line('要求工作量证明 asked for proof', COLOURS.sky, ({ asked }) => asked)] : []),
      ...(hasFailed ? [line('失败 failed', COLOURS.orange, ({ failed }) => failed)] : []),
      ...(wrongAnswers > 0 ? [line('错误答案 wrong', COLOURS.black, ({ wrong }) => wrong)] : []),
    ],
    ...releaseLine(releaseSecond),
  };
}

/** Percentiles in each second. */
export function latencyChart({ run, releaseSecond }: RehearsalRecord): Chart {
  const line = (name: 'p50Ms' | 'p95Ms' | 'p99Ms', colour: string): Line => ({
    name: name.replace('Ms', ''),
    colour,
    points: run.bySecond.map((one): Point => [one.second, one[name]]),
  });
  return {
    label: 'Percentiles of the time of honest lookups in each second of the run, logarithmic',
    xName: SECONDS,
    yName: '毫秒 ms',
    yLog: true,
    lines: [line('p50Ms', COLOURS.blue), line('p95Ms', COLOURS.orange), line('p99Ms', COLOURS.red)],
    horizontals: [{ at: OBJECTIVE.p99Ms, name: `目标 objective ${OBJECTIVE.p99Ms} ms` }],
    ...releaseLine(releaseSecond),
  };
}

/** CPU in each second. */
export function cpuChart({ run, machine, releaseSecond }: RehearsalRecord): Chart {
  const { samples } = run;
  const line = (
    name: string,
    colour: string,
    of: (sample: (typeof samples)[number]) => number | undefined,
  ): Line => ({
    name,
    colour,
    points: samples.map((one): Point => [Math.round(one.second * 10) / 10, of(one)]),
  });
  return {
    label: 'CPU in each second, in cores: generator, service, Redis, the whole machine',
    xName: SECONDS,
    yName: 'CPU 核 cores',
    yMin: 0,
    lines: [
      line('整机 machine', COLOURS.grey, ({ machine: all }) => all),
      line('压测端 generator', COLOURS.orange, ({ generator }) => generator),
      line('查询服务 service', COLOURS.blue, ({ service }) => service),
      line('Redis', COLOURS.red, ({ redis }) => redis),
    ].filter(({ points }) => points.some(([, y]) => y !== undefined)),
    horizontals: [{ at: Number(machine['cores']), name: `${machine['cores'] ?? '?'} 核 cores` }],
    ...releaseLine(releaseSecond),
  };
}

/** Time by offered rate: the bend is where it ends. */
export function byRateChart({ steps, perSecond }: CapacityRecord): Chart {
  const sorted = steps.toSorted((a, b) => a.ratePerSecond - b.ratePerSecond);
  const points = (of: (step: CapacityStep) => boolean, name: 'p50Ms' | 'p99Ms'): Point[] =>
    sorted.filter(of).map((step) => [step.ratePerSecond, Math.max(0.1, step.measured.figures[name])]);
  const lines: Line[] = [
    { name: 'p50', colour: COLOURS.blue, marks: 'emptyCircle', points: points(() => true, 'p50Ms') },
    {
      name: 'p99 达标 held',
      colour: COLOURS.green,
      marks: 'circle',
      points: points(({ held }) => held, 'p99Ms'),
    },
    {
      name: 'p99 未达标 missed',
      colour: COLOURS.red,
      marks: 'triangle',
      points: points((step) => !step.held && !step.isGeneratorsLimit, 'p99Ms'),
    },
    {
      name: 'p99 未达标，不只因服务 missed, not by the service alone',
      colour: COLOURS.grey,
      marks: 'diamond',
      points: points(({ isGeneratorsLimit }) => isGeneratorsLimit, 'p99Ms'),
    },
  ];
  return {
    label: 'Time of honest lookups by the offered rate, both logarithmic',
    xName: '施加速率（请求/秒，对数） offered rate, requests/s, logarithmic',
    yName: '毫秒 ms',
    yLog: true,
    xLog: true,
    lines: lines.filter((line) => line.points.length > 0),
    horizontals: [{ at: OBJECTIVE.p99Ms, name: `目标 objective ${OBJECTIVE.p99Ms} ms` }],
    ...(perSecond === null ? {} : { verticals: [{ at: perSecond, name: `C = ${perSecond}/s` }] }),
  };
}

/** Measured CPU by rate, and the model's lines. */
export function modelChart({ capacity, model }: RehearsalRecord): Chart | undefined {
  if (capacity === undefined || model === undefined) return undefined;
  const measured = usableSteps(capacity).flatMap(measuredRate);
  const fitted = fitModel(measured.filter(({ ratePerSecond }) => model.fittedTo.includes(ratePerSecond)));
  const most = Math.max(...measured.map(({ ratePerSecond }) => ratePerSecond));
  const isFitted = (rate: number): boolean => model.fittedTo.includes(rate);
  const marks = (name: 'service' | 'redis', colour: string, label: string): Line[] => [
    {
      name: `${label} 拟合 fitted to`,
      colour,
      marks: 'circle',
      points: measured
        .filter((one) => isFitted(one.ratePerSecond))
        .map((one): Point => [one.ratePerSecond, one[name]]),
    },
    {
      name: `${label} 未用于拟合 held out`,
      colour,
      marks: 'triangle',
      points: measured
        .filter((one) => !isFitted(one.ratePerSecond))
        .map((one): Point => [one.ratePerSecond, one[name]]),
    },
    {
      name: `${label} 模型 model`,
      colour,
      dashed: true,
      points: Array.from({ length: 41 }, (_, i) => (i / 40) * most).map((rate): Point => [
        rate,
        coresAt(fitted[name], rate),
      ]),
    },
  ];
  return {
    label: 'CPU of the service and of Redis by rate: measured, and as the model has it',
    xName: '速率（请求/秒） rate, requests/s',
    yName: 'CPU 核 cores',
    yMin: 0,
    lines: [...marks('service', COLOURS.blue, '服务 service'), ...marks('redis', COLOURS.red, 'Redis')],
    height: 320,
  };
}

const MINUTES = '发布后分钟数 minutes since the release';

/** What was offered to the simulated installation. */
export function simulatedRateChart({ planned, fewer }: SimulationRecord): Chart {
  return {
    label: 'Simulated lookups a second, and those that were turned away',
    xName: MINUTES,
    yName: '查询/秒 lookups/s',
    lines: [
      lineOf(planned, '施加 offered', COLOURS.black, ({ offered }) => offered),
      lineOf(planned, `拒绝 turned away, ${instancesOf(planned)}`, COLOURS.green, ({ shed }) => shed),
      lineOf(fewer, `拒绝 turned away, ${instancesOf(fewer)}`, COLOURS.red, ({ shed }) => shed),
    ],
  };
}

/** How long they waited. */
export function simulatedLatencyChart({ planned, fewer }: SimulationRecord): Chart {
  return {
    label: '99th percentile of the simulated time of a lookup, logarithmic',
    xName: MINUTES,
    yName: '毫秒 ms',
    yLog: true,
    lines: [planned, fewer].map((one, i) =>
      lineOf(
        one,
        `p99, ${instancesOf(one)}`,
        [COLOURS.green, COLOURS.red][i] ?? COLOURS.grey,
        ({ p99Ms }) => p99Ms,
      ),
    ),
    horizontals: [{ at: OBJECTIVE.p99Ms, name: `目标 objective ${OBJECTIVE.p99Ms} ms` }],
  };
}

/** How many stood in line. */
export function simulatedQueueChart({ planned, fewer }: SimulationRecord): Chart {
  return {
    label: 'Simulated lookups that wait in all instances together, logarithmic',
    xName: MINUTES,
    yName: '排队 waiting',
    yLog: true,
    lines: [planned, fewer].map((one, i) =>
      lineOf(one, instancesOf(one), [COLOURS.green, COLOURS.red][i] ?? COLOURS.grey, ({ waiting }) =>
        Math.max(1, waiting),
      ),
    ),
  };
}

function lineOf(
  simulation: Simulation,
  name: string,
  colour: string,
  of: (one: Simulation['bySecond'][number]) => number | undefined,
): Line {
  return { name, colour, points: thinned(simulation, of) };
}

function instancesOf({ options }: Simulation): string {
  return `${options.instances} 个实例 instances`;
}

/** A point every few seconds is all that a page can show. */
function thinned(
  { bySecond }: Simulation,
  of: (one: Simulation['bySecond'][number]) => number | undefined,
): Point[] {
  const every = Math.max(1, Math.floor(bySecond.length / 200));
  return bySecond.filter((_, i) => i % every === 0).map((one): Point => [one.second / 60, of(one)]);
}

function releaseLine(releaseSecond: number | undefined): Pick<Chart, 'verticals'> {
  return releaseSecond === undefined ? {} : { verticals: [{ at: releaseSecond, name: RELEASE }] };
}
