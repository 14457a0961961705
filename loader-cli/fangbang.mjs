#!/usr/bin/env node
// `fangbang`: any Node from 20 on starts it; the work is done by the faster of the pinned runtimes, Bun
// (HMAC and seal of a row: 7.8 µs, on Node 21.5 µs). FANGBANG_RUNTIME=node or bun chooses another.
// What starts us comes before any TypeScript, so it is shared with npm start.
// oxlint-disable-next-line no-restricted-imports
import { handOverToChosen } from '../infra/local/hand-over.mjs';

handOverToChosen(new URL('./main.ts', import.meta.url), process.argv.slice(2));
