// `npm run drill:timing`: whether the time of an answer tells which credential was wrong.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
