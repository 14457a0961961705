/**
 * From what k6 hands to handleSummary to the report that all runners share.
 */
import type { Profile } from '../profiles/profile.ts';
import { profileSeconds } from '../profiles/profile.ts';
import type { Finding, Report } from '../profiles/report.ts';
import { findings, makeReport, showFindings } from '../profiles/report.ts';

/** The part of k6's summary data that we read (k6 1.x and 2.x: metrics by name). */
export interface SummaryData {
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly values: Readonly<Record<string, number>>;
        readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
      }
    >
  >;
  readonly state: { readonly testRunDurationMs: number };
}

/** The report, its findings and its text. */
export function summarise(
  profile: Profile,
  data: SummaryData,
): { text: string; report: Report; found: Finding[] } {
  const value = (metric: string, name: string): number => data.metrics[metric]?.values[name] ?? 0;
  const figures = {
    // A profile that looks for the breaking point ends there.
    due: profile.endsAtMiss ? value('iterations', 'count') + value('dropped_iterations', 'count') : undefined,
    requests: value('iterations', 'count'),
    // k6's clock also covers setup and the wait for the last answers.
    seconds: Math.min(profileSeconds(profile), data.state.testRunDurationMs / 1000),
    wrongAnswers: value('wrong_answers', 'count'),
    honestSuccess: value('honest_success', 'rate'),
    askedForProof: value('asked_for_proof', 'rate'),
    p50Ms: value('lookup_ms', 'p(50)'),
    p95Ms: value('lookup_ms', 'p(95)'),
    p99Ms: value('lookup_ms', 'p(99)'),
  };
  // k6 decides; an iteration that threw, say, is in its thresholds and not in our figures.
  const passed = Object.values(data.metrics).every((metric) =>
    Object.values(metric.thresholds ?? {}).every((threshold) => threshold.ok),
  );
  const report = makeReport(profile, figures, passed);
  const found = findings(profile, figures);
  const dropped = value('dropped_iterations', 'count');
  const text = [
    `${profile.name}: ${passed ? 'passed' : 'FAILED'}, ${report.requests} requests at ${report.ratePerSecond}/s`,
    showFindings(found),
    ...(dropped > 0
      ? [`  ${dropped} requests were not sent: all virtual users were waiting for answers`]
      : []),
    '',
  ].join('\n');
  return { text, report, found };
}
