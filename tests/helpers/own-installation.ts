/**
 * @module An installation on a Postgres of the test's own, which it may stop and kill.
 */
import { randomBytes } from 'node:crypto';
import { migrate } from '../../service/results/migrate.ts';
import type { Installation } from './batch.ts';
import { makePepperFile, queryOne } from './batch.ts';

/** Migrates the database at `url`, a superuser's, and makes the logins of two persons and of the service. */
export async function makeOwnInstallation(url: string, redisUrl: string | undefined): Promise<Installation> {
  await migrate(url);
  const urlFor = async (name: string, role: string): Promise<string> => {
    const password = randomBytes(12).toString('hex');
    await queryOne(url, `create role ${name} login password '${password}' in role ${role}`);
    const login = new URL(url);
    login.username = name;
    login.password = password;
    return login.href;
  };
  const { pepper, path } = makePepperFile();
  return {
    database: {
      name: new URL(url).pathname.slice(1),
      url,
      createLogin: async (name, role) => ({ name, url: await urlFor(name, role) }),
      urlFor: (role) => urlFor(`more_${randomBytes(4).toString('hex')}`, role),
      drop: () => Promise.resolve(),
    },
    loaderUrl: await urlFor('loader', 'fangbang_loader'),
    approverUrl: await urlFor('approver', 'fangbang_loader'),
    serviceUrl: await urlFor('service', 'fangbang_service'),
    pepper,
    pepperFile: path,
    redisUrl,
  };
}
