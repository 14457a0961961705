/**
 * The tables of the report.
 */
import { html } from 'hono/html';
import { OBJECTIVE } from '../profiles/profile.ts';
import type { Measured } from '../rehearse/measure.ts';
import type { CapacityRecord, ModelRecord } from './record.ts';

export type Html = ReturnType<typeof html> | string;

const KINDS: Readonly<Record<string, string>> = {
  first: '首次查询 first lookup',
  repeat: '再次查询 repeat',
  wrong: '错误凭证 wrong guess',
  series: '考次列表 list of series',
  page: '页面 page',
  early: '发布前尝试 early bird',
};
const OUTCOMES = {
  right: '正确 right',
  asked: '要求工作量证明 asked for proof of work',
  failed: '失败 failed',
  wrong: '错误 WRONG',
};

/** What was answered to whom. */
export function outcomeTable({ outcomes }: Measured): Html {
  return html`<table>
    <tr>
      <th>访问 Visit</th>
      <th>HTTP</th>
      <th>判定 Judged</th>
      <th>次数 Count</th>
    </tr>
    ${outcomes.map(
      ({ kind, status, outcome, count }) =>
        html`<tr>
          <td>${KINDS[kind] ?? kind}</td>
          <td>${status === 0 ? '无答复 none' : status}</td>
          <td class="${outcome === 'right' || outcome === 'asked' ? '' : 'bad'}">${OUTCOMES[outcome]}</td>
          <td class="number">${count.toLocaleString('en')}</td>
        </tr>`,
    )}
  </table>`;
}

/** Every try of the search, in its order. */
export function capacityTable({ steps, stepSeconds }: CapacityRecord): Html {
  return html`<table class="small">
    <tr>
      <th>速率 rate</th>
      <th>时长 s</th>
      <th>结果 result</th>
      <th>p50 ms</th>
      <th>p99 ms</th>
      <th>正确 right</th>
      <th>错误 wrong</th>
      <th>服务 service CPU</th>
      <th>Redis CPU</th>
      <th>压测端 generator CPU</th>
      <th>整机 machine CPU</th>
    </tr>
    ${steps.map(({ ratePerSecond, purpose, held, isGeneratorsLimit, measured }) => {
      const { figures, coresUsed, limits } = measured;
      const isSlow = figures.p99Ms >= OBJECTIVE.p99Ms;
      const word = held ? (purpose === 'confirm' ? '确认 confirmed' : '达到 held') : '未达到 missed';
      return html`<tr>
          <td class="number">${ratePerSecond.toLocaleString('en')}/s</td>
          <td class="number">${purpose === 'confirm' ? stepSeconds * 2 : stepSeconds}</td>
          <td class="${held ? 'good' : 'bad'}">${word}</td>
          <td class="number">${figures.p50Ms.toFixed(1)}</td>
          <td class="number ${isSlow ? 'bad' : ''}">${figures.p99Ms.toFixed(1)}</td>
          <td class="number">${(Math.floor(figures.honestSuccess * 1e5) / 1e3).toFixed(3)}%</td>
          <td class="number">${figures.wrongAnswers}</td>
          <td class="number">${cores(coresUsed.service)}</td>
          <td class="number">${cores(coresUsed.redis)}</td>
          <td class="number">${cores(coresUsed.generator)}</td>
          <td class="number">${cores(coresUsed.machine)}</td>
        </tr>
        ${
          isGeneratorsLimit
            ? html`<tr class="reason">
                <td></td>
                <td colspan="10">不只因服务 not by the service alone: ${limits.reasons.join('; ')}</td>
              </tr>`
            : ''
        }`;
    })}
  </table>`;
}

/** Predictions and what was measured. */
export function modelTable({ checks }: ModelRecord): Html {
  const names = {
    service: '服务 CPU of the service, cores',
    redis: 'Redis CPU, cores',
    machine: '演练各部分合计 CPU of service, Redis and generator, cores',
    capacity: '承载能力 capacity C, requests/s',
  };
  return html`<table>
    <tr>
      <th>未用于拟合 Not fitted to</th>
      <th>速率 at</th>
      <th>预测 predicted</th>
      <th>实测 measured</th>
      <th>误差 error</th>
    </tr>
    ${checks.map(
      ({ what, ratePerSecond, predicted, measured, error }) =>
        html`<tr>
          <td>${names[what]}</td>
          <td class="number">${ratePerSecond.toLocaleString('en')}/s</td>
          <td class="number">${predicted.toFixed(digits(what))}</td>
          <td class="number">${measured.toFixed(digits(what))}</td>
          <td class="number">${error >= 0 ? '+' : ''}${(error * 100).toFixed(1)}%</td>
        </tr>`,
    )}
  </table>`;
}

function cores(value: number | undefined): string {
  return value === undefined ? '—' : value.toFixed(2);
}

function digits(what: string): number {
  return what === 'capacity' ? 0 : 3;
}

/** Names and values. */
export function pairsTable(pairs: Readonly<Record<string, string>>): Html {
  return html`<table class="pairs">
    ${Object.entries(pairs).map(
      ([name, value]) =>
        html`<tr>
          <th>${name}</th>
          <td>${value}</td>
        </tr>`,
    )}
  </table>`;
}
