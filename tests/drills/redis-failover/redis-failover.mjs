// `npm run drill:redis-failover`: masters of a Redis Cluster and of Sentinels go, under load.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
