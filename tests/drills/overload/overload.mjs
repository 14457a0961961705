// `npm run drill:overload`: five times the capacity, or as much of it as connections can carry.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
