/**
 * The findings of a k6 run as a page of HTML that stands alone.
 */
import type { Part } from '../profiles/arrivals.ts';
import type { Finding, Report } from '../profiles/report.ts';

export interface SummaryPage {
  readonly report: Report;
  readonly found: readonly Finding[];
  readonly target: string;
  readonly seed: number;
  readonly part: Part;
}

/** The page. */
export function summaryPage({ report, found, target, seed, part }: SummaryPage): string {
  const rows = found.map(
    ({ what, bound, measured, held }) =>
      `<tr><td>${held ? '达到 held' : '<strong>未达到 MISSED</strong>'}<td>${escaped(what)}<td>${escaped(measured)}<td>${escaped(bound)}`,
  );
  const instance = part.of === 1 ? '' : `, instance ${part.index + 1} of ${part.of}`;
  return `<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>k6 ${escaped(report.profile)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left}</style>
<h1>k6 压力测试 Load test: ${escaped(report.profile)} — ${report.passed ? '通过 passed' : '未通过 FAILED'}</h1>
<p>${report.requests} requests at ${report.ratePerSecond}/s to ${escaped(target)}, seed ${seed}${instance}.</p>
<table><tr><th>结果 Verdict<th>指标 What<th>实测 Measured<th>界限 Bound${rows.join('')}</table>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
