// The floor's first part: csv-parse over a file to nothing, as fast as it goes.
// Usage: csv-parse-to-nothing.mjs <file>; prints the number of records, the header included.
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';

const parser = parse({ columns: false });
let records = 0;
parser.on('data', () => {
  records += 1;
});
await pipeline(createReadStream(process.argv[2] ?? '', { highWaterMark: 1024 * 1024 }), parser);
process.stdout.write(`${records}\n`);
