// `npm run bench:redis-memory`: what one candidate costs in Redis.
import { handOver } from '../../infra/local/hand-over.mjs';

handOver('node', new URL('./redis-memory.ts', import.meta.url), process.argv.slice(2));
