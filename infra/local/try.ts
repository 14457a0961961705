import { bringUpStores } from './stores.ts';
console.time('up');
const s = await bringUpStores({
  persistent: process.argv[2] === 'p',
  databaseUrl: undefined,
  redisUrl: undefined,
  searchPath: process.env['PATH'] ?? '',
  say: console.log,
});
console.timeEnd('up');
console.log(s.redisUrl);
console.time('down');
await s.stop();
console.timeEnd('down');
