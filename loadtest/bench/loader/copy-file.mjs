// What psql's \copy does, where there is no psql that works with the server: the bytes of a file into COPY … FROM
// STDIN, nothing looked at. Usage: copy-file.mjs <file> <statement>, the connection as psql takes it (PGHOST, …).
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from } from 'pg-copy-streams';

const [, , file = '', statement = ''] = process.argv;
const client = new pg.Client();
await client.connect();
await pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), client.query(from(statement)));
await client.end();
