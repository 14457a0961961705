/**
 * The addresses beside the API, in short: they are for browsers and for WeChat, and other rooms answer
 * there. Listed so that the description is of everything on this port.
 */
import { ifNoneMatchParameter, seriesIdParameter } from './api-paths.ts';
import type { JsonObject } from './components.ts';
import { header, problemResponses } from './responses.ts';

const language = [
  {
    name: 'lang',
    in: 'query',
    description: '`zh` or `en`; what is neither is as if it were not there.',
    schema: { type: 'string', examples: ['en'] },
  },
  {
    name: 'Accept-Language',
    in: 'header',
    description: 'For when `lang` says nothing.',
    schema: { type: 'string', examples: ['en-GB,en;q=0.8'] },
  },
] as const;

const html = (description: string, headers: JsonObject = {}): JsonObject => ({
  description,
  headers,
  content: { 'text/html': { schema: { type: 'string' } } },
});

const notYet = html('Nothing has been read yet.', { 'retry-after': header('RetryAfter') });
const unchanged: JsonObject = { description: 'The copy at hand is good.', headers: { etag: header('ETag') } };
const page = (description: string): JsonObject => html(description, { etag: header('ETag') });

const getPage = {
  tags: ['Page'],
  parameters: [...language, ifNoneMatchParameter],
} as const;

const signed = [
  { name: 'timestamp', in: 'query', schema: { type: 'string' } },
  { name: 'nonce', in: 'query', schema: { type: 'string' } },
] as const;

const empty = (description: string): JsonObject => ({ description: `${description} There is no body.` });
const wechatRefusals = {
  403: empty('Not signed by WeChat.'),
  404: { ...problemResponses(['not-found'])['404'], description: 'The channel is not set up.' },
} as const;

export const pagePaths: Readonly<Record<string, JsonObject>> = {
  '/': {
    get: {
      ...getPage,
      operationId: 'showPage',
      summary: 'The examinees’ page: the only series, or the list of them.',
      responses: { 200: page('The page.'), 304: unchanged, 503: notYet },
    },
  },
  '/s/{seriesId}': {
    parameters: [seriesIdParameter],
    get: {
      ...getPage,
      operationId: 'showSeriesPage',
      summary: 'The page of one series.',
      responses: {
        200: page('The page.'),
        304: unchanged,
        404: page('No such series, or not announced.'),
        503: notYet,
      },
    },
    post: {
      tags: ['Page'],
      operationId: 'submitForm',
      summary: 'The form of the page, sent without a script: the same lookup, answered by a page.',
      parameters: language,
      requestBody: {
        required: true,
        content: {
          'application/x-www-form-urlencoded': {
            schema: {
              type: 'object',
              description: 'The credentials by their names, and in `set` the name of the credential set.',
              properties: { set: { type: 'string' } },
              additionalProperties: { type: 'string' },
            },
          },
        },
      },
      responses: {
        200: html('The slip.'),
        400: html('A field is wrong.'),
        403: html('Not released, or the form is of another site.'),
        404: html('No result for these credentials, or no such series.'),
        413: html('The form is too large.'),
        415: html('Not the form of the page.'),
        429: html('Too many wrong attempts.', { 'retry-after': header('RetryAfter') }),
        503: html('Overloaded or away for a moment.', { 'retry-after': header('RetryAfter') }),
      },
    },
  },
  '/wechat': {
    get: {
      tags: ['WeChat'],
      operationId: 'proveWechatAddress',
      summary: 'WeChat proves that the callback’s address is ours.',
      security: [{ wechatSignature: [] }],
      parameters: [...signed, { name: 'echostr', in: 'query', schema: { type: 'string' } }],
      responses: {
        200: {
          description: '`echostr` as it came.',
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
        ...wechatRefusals,
      },
    },
    post: {
      tags: ['WeChat'],
      operationId: 'takeWechatMessage',
      summary: 'A message or event of the official account, in plain, compatible or encrypted mode.',
      security: [{ wechatSignature: [] }],
      parameters: [
        ...signed,
        { name: 'encrypt_type', in: 'query', schema: { type: 'string' } },
        { name: 'msg_signature', in: 'query', schema: { type: 'string' } },
      ],
      requestBody: {
        required: true,
        content: {
          'application/xml': { schema: { type: 'string' } },
          'text/xml': { schema: { type: 'string' } },
        },
      },
      responses: {
        200: {
          description: 'The reply, or `success`.',
          content: {
            'application/xml': { schema: { type: 'string' } },
            'text/plain': { schema: { type: 'string' } },
          },
        },
        400: empty('No message of WeChat.'),
        413: empty('More than WeChat sends.'),
        ...wechatRefusals,
      },
    },
  },
};
