// The service alone, on all cores, its environment given from outside; FANGBANG_RUNTIME=node takes Node in place
// of Bun.
import { handOver } from './hand-over.mjs';

const runtime = process.env['FANGBANG_RUNTIME'] === 'node' ? 'node' : 'fastest';
handOver(runtime, new URL('../../service/serve.ts', import.meta.url), process.argv.slice(2), { dev: false });
