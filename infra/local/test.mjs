// `npm test`: every check and every test, with throw-away stores.
import { handOver } from './hand-over.mjs';

handOver('node', new URL('./test.ts', import.meta.url), process.argv.slice(2));
