// `npm run rehearse`: a load profile against a running service, from any Node from 20 on.
import { handOver } from '../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
