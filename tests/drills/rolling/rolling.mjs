// `npm run drill:rolling`: instances exchanged one by one, and killed, under constant load.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
