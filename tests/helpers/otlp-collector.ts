/**
 * @module A collector of traces: takes OTLP over HTTP with JSON, as the specification has it, and keeps what came.
 */
import { createServer } from 'node:http';

export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  /** 2: an error. */
  readonly status: number | undefined;
}

export interface OtlpCollector {
  readonly url: string;
  readonly spans: () => CollectedSpan[];
  /** Attributes of what sent them. */
  readonly resource: () => CollectedSpan['attributes'];
  /** All that came, as it came. */
  readonly bytes: () => string;
  /** Takes requests and never answers from now on. */
  readonly hang: () => void;
  readonly close: () => Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string };
}
interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly attributes: readonly Attribute[];
        readonly status?: { readonly code?: number };
      }[];
    }[];
  }[];
}

const plain = (attributes: readonly Attribute[]): CollectedSpan['attributes'] =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  );

export async function startOtlpCollector(): Promise<OtlpCollector> {
  const bodies: string[] = [];
  let isHanging = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (isHanging) return;
      const isTraces = request.method === 'POST' && request.url === '/v1/traces';
      const isJson = request.headers['content-type'] === 'application/json';
      if (isTraces && isJson) bodies.push(Buffer.concat(chunks).toString());
      response
        .writeHead(isTraces && isJson ? 200 : 400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ partialSuccess: {} }));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const resources = (): ExportRequest['resourceSpans'] =>
    bodies.flatMap((body) => (JSON.parse(body) as ExportRequest).resourceSpans);
  return {
    url: `http://127.0.0.1:${port}`,
    spans: () =>
      resources()
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans)
        .map(({ name, traceId, spanId, parentSpanId, attributes, status }) => ({
          name,
          traceId,
          spanId,
          parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
          attributes: plain(attributes),
          status: status?.code,
        })),
    resource: () => plain(resources()[0]?.resource.attributes ?? []),
    bytes: () => bodies.join('\n'),
    hang: () => {
      isHanging = true;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
