// `npm run drill:hostile`: slow, huge, smuggled and generated requests at once, while honest visitors ask.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
