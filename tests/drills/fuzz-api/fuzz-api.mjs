// `npm run fuzz:api`: requests that nobody thought of, by schemathesis from /openapi.json.
import { handOver } from '../../../infra/local/hand-over.mjs';

handOver('node', new URL('./main.ts', import.meta.url), process.argv.slice(2));
