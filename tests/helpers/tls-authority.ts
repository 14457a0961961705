/**
 * @module Certificates for stores of a test's own, made by openssl: an authority, a server that it vouches for, and
 * an authority that nobody knows.
 */
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keep } from '../../infra/local/checkout.ts';
import { programOnPath, unpackPackages, unpackedIn } from '../../infra/local/debian-package.ts';
import { throwAwayFolder, unprivilegedUser } from '../../infra/local/private-folder.ts';
import { runToEnd } from '../../infra/local/processes.ts';

/** What a server shows; paths of PEM files, which Postgres's user may read, too. */
export interface ServerTls {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Of the authority that vouches for it. */
  readonly authorityFile: string;
}

export interface TlsAuthority {
  /** Of 127.0.0.1. */
  readonly server: ServerTls;
  /** Of a name that no server here has. */
  readonly elsewhere: ServerTls;
  /** Of an authority that vouches for nobody. */
  readonly strangerFile: string;
  readonly remove: () => void;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const PROGRAM = 'usr/bin/openssl';

/** Makes them in a folder that goes with the test. */
export async function makeTlsAuthority(): Promise<TlsAuthority> {
  const openssl = await findOpenssl();
  const user = unprivilegedUser();
  const { path: folder, remove } = throwAwayFolder('tls', user);
  const at = (name: string): string => join(folder, name);
  const authority = async (name: string): Promise<string> => {
    const subject = ['-subj', `/CN=${name}`, '-days', '30'];
    await openssl([
      'req',
      '-x509',
      ...EC_KEY,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.pem`),
      ...subject,
    ]);
    return at(`${name}.pem`);
  };
  const authorityFile = await authority('authority');
  const server = async (name: string, alternative: string): Promise<ServerTls> => {
    const [request, keyFile, certificateFile, names] = ['csr', 'key', 'pem', 'names'].map((end) =>
      at(`${name}.${end}`),
    );
    if (
      request === undefined ||
      keyFile === undefined ||
      certificateFile === undefined ||
      names === undefined
    )
      throw new Error('four names');
    await openssl(['req', ...EC_KEY, '-keyout', keyFile, '-out', request, '-subj', `/CN=${name}`]);
    writeFileSync(names, `subjectAltName=${alternative}\n`);
    const by = ['-CA', authorityFile, '-CAkey', at('authority.key'), '-CAcreateserial'];
    await openssl([
      'x509',
      '-req',
      '-in',
      request,
      ...by,
      '-out',
      certificateFile,
      '-days',
      '30',
      '-extfile',
      names,
    ]);
    // Postgres takes no key that others may read, nor one of somebody else.
    chmodSync(keyFile, 0o600);
    if (user !== undefined) chownSync(keyFile, user.uid, user.gid);
    return { certificateFile, keyFile, authorityFile };
  };
  return {
    server: await server('server', 'IP:127.0.0.1'),
    elsewhere: await server('elsewhere', 'DNS:elsewhere.example'),
    strangerFile: await authority('stranger'),
    remove,
  };
}

/** The PEM text of an authority. */
export function authorityText({ authorityFile }: ServerTls): string {
  return readFileSync(authorityFile, 'utf8');
}

/** openssl on PATH, else Debian's package. */
async function findOpenssl(): Promise<(args: readonly string[]) => Promise<void>> {
  const onPath = programOnPath(['openssl'], process.env['PATH'] ?? '');
  const where = { folder: join(keep('openssl'), 'program'), files: [PROGRAM] };
  const unpacked =
    onPath === undefined
      ? (unpackedIn(where) ?? (await unpackPackages({ ...where, packages: ['openssl'] })))
      : undefined;
  const command = onPath ?? join(where.folder, PROGRAM);
  const env = {
    PATH: '/usr/bin:/bin',
    ...(unpacked === undefined ? {} : { LD_LIBRARY_PATH: unpacked.libraryFolders.join(':') }),
  };
  return async (args) => {
    const { code, output } = await runToEnd({ command, args, env });
    if (code !== 0) throw new Error(`openssl ${args[0]}: ${output}`);
  };
}
