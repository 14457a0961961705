// `npm run page:first-view`: what the first view of the page costs, from any Node from 20 on.
import { handOver } from '../../infra/local/hand-over.mjs';

handOver('node', new URL('./first-view.ts', import.meta.url), process.argv.slice(2));
