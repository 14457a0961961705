/**
 * The verdict in words, each sentence from numbers of the record and nothing else.
 */
import { lookupShare, makeProfile, profilePeak } from '../profiles/profile.ts';
import { CLOCK_TOLERANCE_MS } from '../profiles/judge.ts';
import type { RehearsalRecord } from './record.ts';

/** A sentence in both languages. */
export interface Statement {
  readonly sign: 'good' | 'bad' | 'note';
  readonly zh: string;
  readonly en: string;
  /** Section with its measurement. */
  readonly from: 'run' | 'capacity' | 'model' | 'simulation' | 'conditions';
}

/** What holds and what does not. */
export function statementsOf(record: RehearsalRecord): Statement[] {
  return [...aboutRun(record), ...aboutRelease(record), ...aboutCapacity(record), ...aboutModel(record)];
}

function aboutRun({ run, isStopped, summary, findings }: RehearsalRecord): Statement[] {
  const { figures, limits } = run;
  const statements: Statement[] = [];
  if (isStopped)
    statements.push({
      sign: 'bad',
      zh: '演练被中途停止：以下数字只涵盖停止之前的部分。',
      en: 'The rehearsal was stopped: the figures cover only what was before.',
      from: 'run',
    });
  statements.push(
    figures.wrongAnswers === 0
      ? {
          sign: 'good',
          zh: `${grouped(figures.requests)} 个请求的答案逐一与真值比对，错误 0 个。`,
          en: `Each of the answers to ${grouped(figures.requests)} requests was compared with the truth: none was wrong.`,
          from: 'run',
        }
      : {
          sign: 'bad',
          zh: `有 ${grouped(figures.wrongAnswers)} 个答案与真值不符。一个也不能有：不得发布。`,
          en: `${grouped(figures.wrongAnswers)} answers were not the truth. Not one may be: do not publish.`,
          from: 'run',
        },
  );
  const missed = findings.filter(({ held }) => !held);
  for (const { what, measured, bound } of missed)
    statements.push({
      sign: 'bad',
      zh: `未达到界限 — ${inChinese(what)}：实测 ${measured}，要求 ${bound}。`,
      en: `Missed: ${what} was ${measured}, and has to be ${bound}.`,
      from: summary.profile === 'breakpoint' ? 'capacity' : 'run',
    });
  if (missed.length === 0 && !isStopped)
    statements.push({
      sign: 'good',
      zh: `全部 ${findings.length} 项界限均达到。`,
      en: `All ${findings.length} bounds were held.`,
      from: 'run',
    });
  if (limits.reasons.length > 0) {
    const blame =
      missed.length > 0
        ? 'a bound that was missed is not proof against the service'
        : 'the service may be better than shown';
    statements.push({
      sign: 'note',
      zh: `压测端或整机在本次运行中到达极限：未达到的界限不能只归因于服务。详情：${limits.reasons.join('；')}`,
      en: `The load generator or the machine was at its limit in this run (${limits.reasons.join('; ')}): ${blame}.`,
      from: 'run',
    });
  }
  return statements;
}

function aboutRelease({ run, releaseSecond, phases }: RehearsalRecord): Statement[] {
  if (phases.some(({ name }) => name === 'release') && releaseSecond === undefined)
    return [
      {
        sign: 'note',
        zh: '考次在运行前已开放：发布时刻本身没有演练。',
        en: 'The series was open before the run: the release itself was not rehearsed.',
        from: 'run',
      },
    ];
  if (releaseSecond === undefined) return [];
  const early = run.outcomes.filter(({ kind }) => kind === 'early');
  const sentAway = sum(early.filter(({ status, outcome }) => status === 403 && outcome === 'right'));
  const leaked = sum(early.filter(({ outcome }) => outcome === 'wrong'));
  const statements: Statement[] = [
    leaked === 0
      ? {
          sign: 'good',
          zh: `发布前 ${grouped(sum(early))} 次尝试，${grouped(sentAway)} 次得到“尚未发布”，没有一次提前得到成绩（时钟误差按 ${CLOCK_TOLERANCE_MS / 1_000} 秒计）。`,
          en: `Of ${grouped(sum(early))} tries before the release ${grouped(sentAway)} were told "not released", and none got a result early (clocks may differ by ${CLOCK_TOLERANCE_MS / 1_000} s).`,
          from: 'run',
        }
      : {
          sign: 'bad',
          zh: `发布前有 ${grouped(leaked)} 次尝试得到了不该得到的答案。`,
          en: `${grouped(leaked)} tries before the release got an answer that they must not get.`,
          from: 'run',
        },
  ];
  const { firstResultAfterMs: first } = run;
  if (first !== undefined)
    statements.push({
      sign: 'note',
      zh: `第一个成绩在发布时刻 ${first.toFixed(0)} 毫秒后得到。`,
      en: `The first result came ${first.toFixed(0)} ms after the release.`,
      from: 'run',
    });
  return statements;
}

function aboutCapacity({ capacity, forecast }: RehearsalRecord): Statement[] {
  if (capacity === undefined) return [];
  const { perSecond, limitedBy, mix } = capacity;
  if (perSecond === null)
    return [
      {
        sign: 'bad',
        zh: '没有找到能确认的承载能力 C：见下表各次尝试。',
        en: 'No capacity C could be confirmed: see the tries below.',
        from: 'capacity',
      },
    ];
  const peak = profilePeak(makeProfile('release-day', { forecast }));
  const times = perSecond / peak;
  const isLowerBound = limitedBy !== 'service';
  const lookups = grouped(perSecond * lookupShare(mix));
  const statements: Statement[] = [
    {
      // C may be more: what was missed was not missed by the service alone.
      sign: times >= 1 ? 'good' : isLowerBound ? 'note' : 'bad',
      zh: `承载能力 C = ${grouped(perSecond)} 请求/秒（其中查询 ${lookups}/秒），为预测峰值 ${grouped(peak)} 请求/秒的 ${times.toFixed(1)} 倍。`,
      en: `The capacity C is ${grouped(perSecond)} requests/s (${lookups} lookups/s), ${times.toFixed(1)} times the peak of the forecast, ${grouped(peak)} requests/s.`,
      from: 'capacity',
    },
  ];
  if (times >= 1 && times < 4)
    statements.push({
      sign: isLowerBound ? 'note' : 'bad',
      zh: `不足预测峰值的 4 倍：UCAS 2011 按 3 倍准备，遇到 4 倍。`,
      en: 'That is less than four times the peak: UCAS in 2011 was ready for three times and met four.',
      from: 'capacity',
    });
  if (isLowerBound)
    statements.push({
      sign: 'note',
      zh: '更高的速率没有测得，或未达标时压测端、整机已到极限：C 至少如此，服务的真实上限可能更高。',
      en: 'Higher rates were not tried, or were missed with the generator or the machine at its limit: C is at least this, and the service may hold more.',
      from: 'capacity',
    });
  return statements;
}

function aboutModel({ model }: RehearsalRecord): Statement[] {
  const capacity = model?.checks.find(({ what }) => what === 'capacity');
  const service = model?.checks.find(({ what }) => what === 'service');
  return [service, capacity].flatMap((check): Statement[] => {
    if (check === undefined) return [];
    const within = Math.abs(check.error) <= 0.15;
    const zh = check.what === 'capacity' ? 'C' : `${grouped(check.ratePerSecond)} 请求/秒时服务的 CPU`;
    const en =
      check.what === 'capacity' ? 'C' : `the service's CPU at ${grouped(check.ratePerSecond)} requests/s`;
    const error = `${(check.error * 100).toFixed(0)}%`;
    return [
      {
        sign: within ? 'good' : 'note',
        zh: `模型没有用到的实测值：${zh}，预测误差 ${error}${within ? '' : '，超出 15%：模型在此不可信'}。`,
        en: `The model's prediction of what it was not fitted to, ${en}, was off by ${error}${within ? '' : ': more than 15%, so that it is not to be trusted there'}.`,
        from: 'model',
      },
    ];
  });
}

/** Of the findings of profiles/report.ts and of the search for C. */
const FINDINGS_ZH: Readonly<Record<string, string>> = {
  'wrong answers': '错误答案',
  'honest requests answered right': '正当请求得到正确答案',
  'honest lookups asked for a proof of work': '被要求工作量证明的正当查询',
  'requests sent': '已发请求',
  'p50 of honest lookups': '查询耗时中位数',
  'p95 of honest lookups': '查询耗时 95 百分位',
  'p99 of honest lookups': '查询耗时 99 百分位',
  'p50 of honest lookups, against the baseline': '查询耗时中位数与基线',
  'capacity, against the peak of the forecast': '承载能力与预测峰值',
};

/** The name of a finding in Chinese; the finding itself when it has none. */
export function inChinese(what: string): string {
  return FINDINGS_ZH[what] ?? what;
}

/** What the data do not show, by how they were taken. */
export function limitsOfEvidence(record: RehearsalRecord): { zh: string; en: string }[] {
  const { isLocalSet, simulation, candidates, plans } = record;
  return [
    ...(isLocalSet
      ? [
          {
            zh: '压测端、服务、Postgres、Redis 同在一台机器，经回环接口通信：没有 TLS、没有负载均衡、没有公网延迟；它们互相争用处理器。',
            en: 'Generator, service, Postgres and Redis shared one machine over the loopback interface: no TLS, no balancer, no public network; and they took processor time from each other.',
          },
        ]
      : [
          {
            zh: '服务端的 CPU 与内存从压测端看不到：方案中依赖它们的数字留空。',
            en: 'CPU and memory of the service cannot be seen from here: numbers of the plan that need them are left open.',
          },
        ]),
    {
      zh: `考生为合成数据（${grouped(candidates)} 名）；访问行为按所列比例与预测曲线，真实人群可能不同。`,
      en: `The ${grouped(candidates)} candidates are synthetic, and behave by the mix and the curve that are listed; real crowds may not.`,
    },
    ...(plans.length > 0
      ? [
          {
            zh: '方案把一台机器上测得的数字按比例放大：共用的存储、网络与负载均衡是否也放大，须在安装好的系统上再演练。',
            en: 'The plan multiplies what one machine showed: whether stores, network and balancers follow must be rehearsed on the installed system.',
          },
        ]
      : []),
    ...(simulation === undefined
      ? []
      : [
          {
            zh: '仿真不是测量：每个实例当作一个服务台，服务时间按指数分布，请求均匀分给各实例，往返 Redis 0.5 毫秒为假定值；被拒绝的人不再来。',
            en: 'The simulation is no measurement: an instance is one server with exponential service times, lookups fall on instances evenly at random, the 0.5 ms to Redis and back are assumed, and who is turned away does not come back.',
          },
        ]),
  ];
}

function sum(counts: readonly { readonly count: number }[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en');
}
