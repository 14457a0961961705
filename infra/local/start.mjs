// `npm start`: everything on this machine, with the demo series in it.
import { handOver } from './hand-over.mjs';

handOver('node', new URL('./start.ts', import.meta.url), process.argv.slice(2));
