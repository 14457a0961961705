// `npm run drill:leak`: canaries put through loader and service, and searched for in all that these leave behind.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
