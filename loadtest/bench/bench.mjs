// `npm run bench`: the service side by side with what an operator could put in its place.
import { handOver } from '../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
