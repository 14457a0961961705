/**
 * The public application: the API, and what answers when nothing else does. No port, no runtime:
 * tests call `app.request()`, service/http1 serves it. Pages are mounted beside it by main.ts with
 * `app.route('/', page)`.
 */
import { Hono } from 'hono';
import type { Logger } from '#lookup/observer.ts';
import type { SeriesView } from '#lookup/series-timeline.ts';
import { responseFromAnswer } from '../http1/answer.ts';
import { unexpectedFault } from './lookup-answer.ts';
import type { LookupCalls } from './lookup-calls.ts';
import { addLookupRoute } from './lookup-route.ts';
import { addOpenApiRoute } from './openapi-route.ts';
import { describeApi } from './openapi/document.ts';
import { makeMethodsAt } from './openapi/methods.ts';
import { problemAnswer } from './problems.ts';
import { refuseRequest } from './request-faults.ts';
import { seriesResponse } from './series-route.ts';

export interface AppDeps {
  readonly lookups: LookupCalls;
  /** The announced series as they are now; undefined before they have been read. */
  readonly listSeries: () => readonly SeriesView[] | undefined;
  readonly log: Logger;
}

export function createApp(deps: AppDeps): Hono {
  const app = new Hono();
  addLookupRoute(app, deps.lookups);
  app.get('/v1/series', () => seriesResponse(deps.listSeries()));
  const document = describeApi();
  addOpenApiRoute(app, document);
  const methodsAt = makeMethodsAt(document);
  app.notFound((c) => {
    const methods = methodsAt(c.req.path);
    return responseFromAnswer(
      methods === undefined || methods.includes(c.req.method)
        ? problemAnswer('not-found')
        : refuseRequest('wrong-method', { allow: methods.join(', ') }),
    );
  });
  app.onError((error) => responseFromAnswer(unexpectedFault(error, deps.log)));
  return app;
}
