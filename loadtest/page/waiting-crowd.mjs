// `npm run page:crowd`: a crowd of waiting pages against the real service, from any Node from 20 on.
import { handOver } from '../../infra/local/hand-over.mjs';

handOver('node', new URL('./waiting-crowd.ts', import.meta.url), process.argv.slice(2));
