/**
 * Pages that are the same for everybody, rendered and compressed once per state of their series.
 *
 * Compressing takes tens of milliseconds, off the main thread. When a series changes state while a crowd
 * is loading pages, which is at the release itself, the page of the moment before is served until the new
 * one is ready: its script asks the service anyway and does not rely on the page for that. A page that was
 * last right longer ago is not served any more.
 *
 * Failure policy: a failure to render or compress rejects for those who wait for the first page of its
 * kind; with an older one at hand they get that, and the next request tries again.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { PageSeries } from './views.ts';

export interface PreparedPage {
  /** What it was made of. */
  readonly version: readonly PageSeries[];
  readonly status: 200 | 404;
  readonly etag: string;
  readonly plain: Buffer<ArrayBuffer>;
  readonly gzip: Buffer<ArrayBuffer>;
  readonly brotli: Buffer<ArrayBuffer>;
}

export interface RenderedPage {
  readonly version: readonly PageSeries[];
  readonly status: 200 | 404;
  readonly text: string;
}

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);

/** Two languages of a few series; a bound, should a program error make keys without end. */
const MOST_PAGES = 200;
/** How long ago a page must have been right to stand in for the new one. */
const STAND_IN_MS = 2000;

export class PreparedPages {
  readonly #ready = new Map<string, { page: PreparedPage; lastRightMs: number }>();
  readonly #underWay = new Map<string, Promise<PreparedPage>>();
  readonly #monotonicMs: () => number;

  /** @param monotonicMs milliseconds that only go forward. */
  constructor(monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * @param key which page.
   * @param isCurrent whether a page at hand is of the present state.
   */
  get(
    key: string,
    isCurrent: (made: readonly PageSeries[]) => boolean,
    render: () => RenderedPage,
  ): PreparedPage | Promise<PreparedPage> {
    const nowMs = this.#monotonicMs();
    const ready = this.#ready.get(key);
    if (ready !== undefined && isCurrent(ready.page.version)) {
      ready.lastRightMs = nowMs;
      return ready.page;
    }
    const making = this.#underWay.get(key) ?? this.#start(key, render);
    return ready !== undefined && nowMs - ready.lastRightMs < STAND_IN_MS ? ready.page : making;
  }

  #start(key: string, render: () => RenderedPage): Promise<PreparedPage> {
    const making = prepare(render)
      .then((made) => {
        if (this.#ready.size >= MOST_PAGES) this.#ready.clear();
        this.#ready.set(key, { page: made, lastRightMs: this.#monotonicMs() });
        return made;
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, making);
    // Those who are served the older page do not wait for it.
    making.catch(() => {});
    return making;
  }
}

async function prepare(render: () => RenderedPage): Promise<PreparedPage> {
  const { version, status, text } = render();
  const plain = Buffer.from(text, 'utf8');
  const [brotli, gzipped] = await Promise.all([
    brotliAsync(plain, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
      },
    }),
    gzipAsync(plain, { level: 9 }),
  ]);
  const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { version, status, etag, plain, gzip: gzipped, brotli };
}
