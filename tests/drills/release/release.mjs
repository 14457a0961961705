// `npm run drill:release`: nobody learns a score before its time, whatever the machines' clocks say.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
