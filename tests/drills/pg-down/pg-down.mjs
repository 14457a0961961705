// `npm run drill:pg-down`: Postgres is killed, and frozen, for 30 s each, under load.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
