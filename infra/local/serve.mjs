// The service alone, on all cores, its environment given from outside; FANGBANG_RUNTIME=node takes Node in place
// of Bun.
import { handOverToChosen } from './hand-over.mjs';

handOverToChosen(new URL('../../service/serve.ts', import.meta.url), process.argv.slice(2));
