import { findRedis } from './redis-program.ts'; import { startRedis } from './redis.ts';
console.time('unpack');
const program = await findRedis({searchPath:'', folder: process.argv[2]??'', say: console.log});
console.timeEnd('unpack');
console.log(program);
const r = await startRedis({program, folder: process.argv[2]+'-w', logFile: process.argv[2]+'.log'});
console.log(r.url, r.pid); await r.stop();
