// `npm run bench:loader`: how long load and warm take, against what parsing and storing alone take.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
