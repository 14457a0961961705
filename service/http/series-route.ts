/**
 * `GET /v1/series`: the announced series, with what it takes to draw the form of each.
 */
import type { SeriesView } from '#lookup/series-timeline.ts';
import { responseFromAnswer } from '../http1/answer.ts';
import { API_HEADERS } from './headers.ts';
import { problemAnswer, spreadSeconds } from './problems.ts';
import { RequestId } from './request-id.ts';

/** @param views undefined while the publications have not been read. */
export function seriesResponse(views: readonly SeriesView[] | undefined): Response {
  if (views === undefined)
    return responseFromAnswer(
      problemAnswer('temporarily-unavailable', { headers: { 'retry-after': spreadSeconds(1, 4) } }),
    );
  return new Response(JSON.stringify({ series: views.map(show) }), {
    headers: {
      ...API_HEADERS,
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': new RequestId().toString(),
    },
  });
}

function show(view: SeriesView): Record<string, unknown> {
  const { definition } = view;
  return {
    id: view.id,
    title: definition.title,
    state: view.state,
    releaseAt: view.releaseAt,
    credentialSets: definition.credentialSets.map((set) => ({
      name: set.name,
      credentials: set.credentials.map((name) => ({
        name,
        title: definition.credentials[name]?.title,
        pattern: definition.credentials[name]?.pattern ?? null,
        example: definition.credentials[name]?.example,
      })),
    })),
  };
}
