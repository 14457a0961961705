/** An exporter whose state is in the log: one line when the collector does not take spans, one when it does again. */
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '#lookup/observer.ts';
import { faultName } from '#lookup/observer.ts';

export function withStateLogged(exporter: SpanExporter, log: Logger): SpanExporter {
  let isAway = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const { error } = result;
        const failed = error !== undefined;
        if (failed && !isAway)
          log.warn('traces are not taken by the collector: dropped', { fault: faultName(error) });
        if (!failed && isAway) log.info('traces are taken by the collector again');
        isAway = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
