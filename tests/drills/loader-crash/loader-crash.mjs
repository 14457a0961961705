// `npm run drill:loader-crash`: the loader killed 200 times, and what is left and served after each.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
