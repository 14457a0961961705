// `npm run drill:redis-freeze`: Redis stands still for 30 s, and is slow after it, under load.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
