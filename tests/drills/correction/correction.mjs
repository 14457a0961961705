// `npm run drill:correction`: results corrected, rolled back and withdrawn under load, one instance cut off.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
