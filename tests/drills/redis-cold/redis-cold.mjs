// `npm run drill:redis-cold`: Redis is emptied, and loses one key in ten, under load.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
