/**
 * report.html: one file that stands alone, to be looked at, printed and signed. Every number of the plan is
 * linked to the part of the page that shows its measurement.
 */
import { html, raw } from 'hono/html';
import type { PlanNumber } from '../capacity/plan.ts';
import type { Chart } from './charts.ts';
import { drawChart } from './charts.ts';
import {
  byRateChart,
  cpuChart,
  latencyChart,
  modelChart,
  rateChart,
  simulatedLatencyChart,
  simulatedQueueChart,
  simulatedRateChart,
} from './figures-of.ts';
import type { RehearsalRecord } from './record.ts';
import { STYLE } from './style.ts';
import { capacityTable, modelTable, outcomeTable, pairsTable } from './tables.ts';
import type { Html } from './tables.ts';
import { inChinese, limitsOfEvidence, statementsOf } from './verdict.ts';

/** The page of a record. */
export function reportPage(record: RehearsalRecord): string {
  const { summary, isStopped } = record;
  const verdict = isStopped ? '中途停止 stopped' : summary.passed ? '通过 passed' : '未通过 failed';
  const page = html`<!doctype html>
    <html lang="zh-CN">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>放榜演练报告 Rehearsal report: ${summary.profile}, ${record.startedAt.slice(0, 16)}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>放榜演练报告 <span lang="en">Rehearsal report</span></h1>
          <p class="what">
            场景 profile <b>${summary.profile}</b> · ${record.series} · ${grouped(record.candidates)}
            名合成考生 synthetic candidates · ${record.startedAt.slice(0, 19).replace('T', ' ')} UTC
          </p>
          <p class="verdict ${summary.passed ? 'good' : 'bad'}">${verdict}</p>
        </header>
        <main>
          ${tiles(record)} ${verdictSection(record)} ${runSection(record)} ${capacitySection(record)}
          ${modelSection(record)} ${planSection(record)} ${simulationSection(record)}
          ${resourcesSection(record)} ${conditionsSection(record)}
        </main>
        <footer>
          <p>
            此报告的全部数据在同目录的 report.json。<span lang="en"
              >All data of this report are in report.json beside it.</span
            >
          </p>
          <div class="signatures">
            <span>演练负责人 rehearsed by</span><span>批准 go / no-go decided by</span><span>日期 date</span>
          </div>
        </footer>
      </body>
    </html>`;
  // Hono's own type allows for a promise, which only a promise within would make.
  if ('then' in page) throw new TypeError('the page is not finished');
  return page.toString();
}

function tiles({ run, capacity, findings }: RehearsalRecord): Html {
  const { figures } = run;
  const held = findings.filter((finding) => finding.held).length;
  return html`<div class="tiles">
    ${tile(String(figures.wrongAnswers), '错误答案', 'wrong answers', figures.wrongAnswers === 0)}
    ${tile(percent(figures.honestSuccess), '正当请求得到正确答案', 'honest requests answered right', undefined)}
    ${tile(`${figures.p99Ms.toFixed(figures.p99Ms < 10 ? 1 : 0)} ms`, '99% 的查询快于', '99% of the lookups were faster', undefined)}
    ${tile(grouped(figures.requests), '请求', 'requests', undefined)}
    ${tile(`${held}/${findings.length}`, '达到的界限', 'bounds held', held === findings.length)}
    ${
      capacity === undefined
        ? ''
        : tile(
            capacity.perSecond === null ? '?' : `${grouped(capacity.perSecond)}/s`,
            '承载能力 C',
            'capacity C, all requests',
            capacity.perSecond === null ? false : undefined,
          )
    }
  </div>`;
}

function tile(value: string, zh: string, en: string, isGood: boolean | undefined): Html {
  return html`<div class="tile ${isGood === undefined ? '' : isGood ? 'good' : 'bad'}">
    <b>${value}</b><span>${zh}</span><span lang="en">${en}</span>
  </div>`;
}

function verdictSection(record: RehearsalRecord): Html {
  const signs = { good: '✓', bad: '✗', note: '·' };
  return html`<section id="verdict">
    <h2>结论 <span lang="en">What holds, and what does not</span></h2>
    <ul class="statements">
      ${statementsOf(record).map(
        ({ sign, zh, en, from }) =>
          html`<li class="${sign}">
            <i>${signs[sign]}</i>
            <p>${zh}<br /><span lang="en">${en}</span> <a href="#${from}">→</a></p>
          </li>`,
      )}
    </ul>
    <h3>本报告不能说明什么 <span lang="en">What this report does not show</span></h3>
    <ul class="limits">
      ${limitsOfEvidence(record).map(({ zh, en }) => html`<li>${zh}<br /><span lang="en">${en}</span></li>`)}
    </ul>
  </section>`;
}

/** A search for C shows one of its tries. */
function runName({ summary, capacity }: RehearsalRecord): readonly [zh: string, en: string] {
  if (summary.profile !== 'breakpoint') return ['运行', 'The run'];
  return capacity?.perSecond === null
    ? ['最后一次尝试', 'The last try']
    : ['在 C 处的确认运行', 'The run that confirmed C'];
}

function runSection(record: RehearsalRecord): Html {
  const { run, findings } = record;
  const [zh, en] = runName(record);
  return html`<section id="run">
    <h2>${zh} <span lang="en">${en}</span></h2>
    <table>
      <tr>
        <th>结果 Verdict</th>
        <th>指标 What</th>
        <th>实测 Measured</th>
        <th>界限 Bound</th>
      </tr>
      ${findings.map(
        ({ held, what, measured, bound }) =>
          html`<tr>
            <td class="${held ? 'good' : 'bad'}">${held ? '达到 held' : '未达到 missed'}</td>
            <td>${inChinese(what)} <span lang="en">${what}</span></td>
            <td>${measured}</td>
            <td>${bound}</td>
          </tr>`,
      )}
    </table>
    ${figure(rateChart(record), '每秒请求及其结果', 'Requests in each second, and what became of them')}
    ${figure(
      latencyChart(record),
      '每秒查询耗时的百分位（自应发时刻起，含排队；对数轴）',
      'Percentiles of the time of honest lookups in each second, counted from when each was due (coordinated omission corrected); logarithmic',
    )}
    ${figure(cpuChart(record), '每秒 CPU', 'CPU in each second')}
    <h3>答复 <span lang="en">Answers</span></h3>
    ${outcomeTable(run)}
    ${
      run.failures.length === 0
        ? ''
        : html`<p>失败 failed:</p>
            <ul>
              ${run.failures.slice(0, 12).map((failure) => html`<li>${failure}</li>`)}
            </ul>`
    }
    <p class="small">
      压测端迟发 generator late (p99): ${run.lateness.sendingMs.toFixed(1)} ms · 等待连接 waited for a
      connection: ${percent(run.lateness.waitedShare)} · 自发出起 from sending (p99):
      ${run.lateness.serviceMs.toFixed(1)} ms · 断开的连接 broken connections: ${run.broken}
    </p>
  </section>`;
}

function capacitySection({ capacity }: RehearsalRecord): Html {
  if (capacity === undefined) return '';
  return html`<section id="capacity">
    <h2>承载能力 <span lang="en">Capacity C: the highest rate that holds the objective</span></h2>
    <p>
      目标 objective: p99 ≤ 100 ms, 0 wrong, ≥ 99.99% of honest requests right.
      先倍增，再对分，最后以两倍时长确认。
      <span lang="en">Doubled until missed, halved, then confirmed for twice as long.</span>
    </p>
    ${figure(byRateChart(capacity), '各速率下的耗时', 'Time of honest lookups by offered rate')}
    ${capacityTable(capacity)}
  </section>`;
}

function modelSection(record: RehearsalRecord): Html {
  const chart = modelChart(record);
  const { model } = record;
  if (model === undefined || chart === undefined) return '';
  return html`<section id="model">
    <h2>模型 <span lang="en">The model of capacity, held against what it was not fitted to</span></h2>
    <p>
      请求越密，共用的系统调用越多，每个请求的 CPU 越少；最先用满的资源决定 C，排队按
      Pollaczek–Khinchine。只用 ${model.fittedTo.map(grouped).join('、')} 请求/秒的实测拟合。<span lang="en"
        >CPU = rate × (own + shared ÷ (1 + sharing × rate)), because requests that come together share system
        calls; the first resource that is full sets C, with waiting after Pollaczek and Khinchine. Fitted only
        to ${model.fittedTo.map(grouped).join(', ')} requests/s; a request costs ${model.serviceUs.toFixed(0)}
        µs of the service and ${model.redisUs.toFixed(1)} µs of Redis; full first: ${model.bottleneck}.</span
      >
    </p>
    ${figure(chart, '实测与模型', 'Measured, and as the model has it')} ${modelTable(model)}
  </section>`;
}

const PLAN_NAMES: Readonly<Record<PlanNumber['name'], string>> = {
  lookups: '查询速率 lookups',
  instances: '实例 instances, each as measured',
  cores: '服务 CPU cores of the service in all',
  redisMemory: 'Redis 内存 memory',
  redisShards: 'Redis 分片 shards',
  postgresConnections: 'Postgres 连接 connections',
};

function planSection({ plans }: RehearsalRecord): Html {
  if (plans.length === 0) return '';
  return html`<section id="plan">
    <h2>方案 <span lang="en">The plan</span></h2>
    ${plans.map(
      ({ demand, numbers }) =>
        html`<h3>
            ${grouped(demand.candidates)} 名考生，每人 ${demand.lookupsPerCandidate} 次，${demand.minutes}
            分钟内，余量 ${demand.reserve} 倍
            <span lang="en"
              >${grouped(demand.candidates)} candidates, ${demand.lookupsPerCandidate} lookups each, within
              ${demand.minutes} minutes, reserve ${demand.reserve} ×</span
            >
          </h3>
          <table class="plan">
            <tr>
              <th>需要 Needed</th>
              <th></th>
              <th>由何而来 How it comes about</th>
            </tr>
            ${numbers.map(
              ({ name, value, unit, how, from }) =>
                html`<tr>
                  <td>${PLAN_NAMES[name]}</td>
                  <td class="number">${value === undefined ? '—' : shown(value)} ${unit}</td>
                  <td>${how} <a href="#${from}">→</a></td>
                </tr>`,
            )}
          </table>`,
    )}
  </section>`;
}

function simulationSection({ simulation, plans, forecast }: RehearsalRecord): Html {
  const plan = plans.at(-1);
  if (simulation === undefined || plan === undefined) return '';
  const { planned, fewer } = simulation;
  const row = (name: string, one: typeof planned): Html =>
    html`<tr>
      <td>${name}</td>
      <td>${one.options.instances}</td>
      <td>${one.options.shards}</td>
      <td>${grouped(one.lookups)}</td>
      <td>${percent(one.shed / one.lookups)}</td>
      <td>${one.p50Ms.toFixed(1)}</td>
      <td>${one.p99Ms.toFixed(1)}</td>
      <td>${one.maxMs.toFixed(0)}</td>
    </tr>`;
  return html`<section id="simulation">
    <h2>
      仿真
      <span lang="en"
        >Simulated: ${grouped(simulation.candidates)} candidates in ${plan.demand.minutes} minutes</span
      >
    </h2>
    <p>
      逐次模拟每一次查询：实例的处理器、Redis 分片各一条队伍。到达曲线按预测：首分钟占全日
      ${percent(forecast.firstMinuteShare)}。<span lang="en"
        >Every single lookup goes through the line of an instance and the line of a shard. They come by the
        curve of the forecast, all within the time. An instance takes ${planned.options.serviceMs.toFixed(2)}
        ms a lookup (<a href="#capacity">from C</a>), a shard ${(planned.options.redisMs * 1_000).toFixed(0)}
        µs (<a href="#resources">measured</a>); more than ${planned.options.maxInFlight} lookups in an
        instance are turned away. Seed ${planned.options.seed}.</span
      >
    </p>
    <table>
      <tr>
        <th></th>
        <th>实例 instances</th>
        <th>分片 shards</th>
        <th>查询 lookups</th>
        <th>拒绝 turned away</th>
        <th>p50 ms</th>
        <th>p99 ms</th>
        <th>最长 max ms</th>
      </tr>
      ${row('按方案 as planned', planned)} ${row(`无余量 without the reserve`, fewer)}
    </table>
    ${figure(simulatedRateChart(simulation), '到达与拒绝', 'Offered, and turned away')}
    ${figure(simulatedLatencyChart(simulation), '耗时', 'Time of a lookup')}
    ${figure(simulatedQueueChart(simulation), '排队人数', 'Waiting in all instances together')}
  </section>`;
}

function resourcesSection({
  redisBytesPerCandidate,
  postgresConnections,
  serviceProcesses,
  capacity,
  forecast,
}: RehearsalRecord): Html {
  const top = capacity?.steps
    .filter(({ held }) => held)
    .toSorted((a, b) => b.ratePerSecond - a.ratePerSecond)[0];
  const each = (cores: number | undefined): string =>
    top === undefined || cores === undefined
      ? '—'
      : `${((cores / top.ratePerSecond) * 1e6).toFixed(1)} µs (${cores.toFixed(2)} 核 cores ÷ ${grouped(top.ratePerSecond)}/s)`;
  return html`<section>
    <h2 id="resources">资源 <span lang="en">Resources, as measured</span></h2>
    ${pairsTable({
      'Redis 内存/考生 memory a candidate':
        redisBytesPerCandidate === undefined ? '—' : `${redisBytesPerCandidate.toFixed(1)} B`,
      '服务 CPU/请求 service CPU a request': each(top?.measured.coresUsed.service),
      'Redis CPU/请求 a request': each(top?.measured.coresUsed.redis),
      'Postgres 连接 connections of the service':
        postgresConnections === undefined ? '—' : String(postgresConnections),
      '服务进程 processes of the service': serviceProcesses === undefined ? '—' : String(serviceProcesses),
    })}
    <h2 id="forecast">预测 <span lang="en">The forecast</span></h2>
    ${pairsTable({
      '考生 candidates': grouped(forecast.candidates),
      '每人查询 lookups of each': String(forecast.lookupsPerCandidate),
      '首分钟占比 share within the first minute': percent(forecast.firstMinuteShare),
    })}
  </section>`;
}

function conditionsSection(record: RehearsalRecord): Html {
  const { machine, versions, settings, revision, target, isLocalSet, phases, startedAt, endedAt } = record;
  return html`<section id="conditions">
    <h2>条件 <span lang="en">Conditions</span></h2>
    ${pairsTable({
      '对象 target': isLocalSet ? `本机临时套件 a local set for this run, ${target}` : target,
      '时间 time (UTC)': `${startedAt} – ${endedAt}`,
      '版本 git revision': revision ?? '—',
      ...Object.fromEntries(
        Object.entries(machine).map(([name, value]) => [`压测机 generator's machine: ${name}`, value]),
      ),
      ...versions,
      ...settings,
      ...Object.fromEntries(
        phases.map(({ name, seconds, mix }) => [
          `阶段 phase ${name}`,
          `${Math.round(seconds)} s: ${Object.entries(mix)
            .filter(([, share]) => share > 0)
            .map(([kind, share]) => `${kind} ${share}%`)
            .join(', ')}`,
        ]),
      ),
    })}
  </section>`;
}

function figure(chart: Chart, zh: string, en: string): Html {
  return html`<figure>
    ${raw(drawChart(chart))}
    <figcaption>${zh} <span lang="en">${en}</span></figcaption>
  </figure>`;
}

function shown(value: number): string {
  return value < 10 && !Number.isInteger(value) ? value.toFixed(2) : grouped(value);
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Rounded down: a share just below a bound is not shown as the bound. */
function percent(share: number): string {
  return `${Math.floor(share * 1e5) / 1e3}%`;
}
