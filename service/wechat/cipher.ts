/**
 * The encrypted mode of the official account ("消息加解密说明"): AES-256-CBC under the 43-character
 * key, IV its first 16 bytes, padding to 32 bytes; inside 16 random bytes, the length of the message in
 * 4 bytes, the message, the AppID.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-cbc';
const BLOCK = 32;
const HEAD = 20;

export interface Cipher {
  /** The message as base64. */
  encrypt(message: string): string;
  /** The message, or undefined when it is not one of ours: damaged, another key, another account's. */
  decrypt(encrypted: string): string | undefined;
}

/**
 * @param aesKey EncodingAESKey, 43 characters.
 * @param appId of the account: the last thing in every message.
 */
export function makeCipher(aesKey: string, appId: string): Cipher {
  const key = Buffer.from(`${aesKey}=`, 'base64');
  const iv = key.subarray(0, 16);
  return {
    encrypt: (message) => {
      const text = Buffer.from(message, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      const plain = pad(Buffer.concat([randomBytes(16), length, text, Buffer.from(appId)]));
      const cipher = createCipheriv(CIPHER, key, iv).setAutoPadding(false);
      return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64');
    },
    decrypt: (encrypted) => {
      const bytes = Buffer.from(encrypted, 'base64');
      if (bytes.length === 0 || bytes.length % 16 !== 0) return undefined;
      const decipher = createDecipheriv(CIPHER, key, iv).setAutoPadding(false);
      const plain = unpad(Buffer.concat([decipher.update(bytes), decipher.final()]));
      if (plain === undefined || plain.length < HEAD) return undefined;
      const end = HEAD + plain.readUInt32BE(16);
      if (end > plain.length || plain.toString('utf8', end) !== appId) return undefined;
      return plain.toString('utf8', HEAD, end);
    },
  };
}

/** PKCS#7 to 32 bytes, where Node's own goes to 16. */
function pad(plain: Buffer): Buffer {
  const count = BLOCK - (plain.length % BLOCK);
  return Buffer.concat([plain, Buffer.alloc(count, count)]);
}

/** Whoever gets here has signed what is padded, so that the answer to wrong padding tells nobody anything. */
function unpad(padded: Buffer): Buffer | undefined {
  const count = padded.at(-1) ?? 0;
  if (count < 1 || count > BLOCK || count > padded.length) return undefined;
  const end = padded.length - count;
  return padded.subarray(end).every((byte) => byte === count) ? padded.subarray(0, end) : undefined;
}
