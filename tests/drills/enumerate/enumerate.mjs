// `npm run drill:enumerate`: guessing at candidates from ten thousand addresses.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
