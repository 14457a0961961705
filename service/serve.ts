/**
 * The service on all cores: INSTANCES processes of service/main.ts on one port, which the kernel shares out, and
 * one administration port for all of them. SIGHUP exchanges them one by one, for a new pepper or new code;
 * SIGTERM and SIGINT drain and end all.
 *
 * Failure policy: as in service/main.ts for what keeps it from starting. An instance that ends is started again
 * (supervisor/fleet.ts). When this process dies, however it does, the instances stop by themselves.
 */
import type { Logger } from '#lookup/observer.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { exitOnFault } from './exit-on-fault.ts';
import { listen, runtimeName } from './host.ts';
import { createAdminApp } from './http/admin.ts';
import { createProgram } from './http/program.ts';
import { createLog } from './log.ts';
import { Fleet } from './supervisor/fleet.ts';
import { Instance } from './supervisor/instance.ts';
import { MIGRATION_HINT, connectionsMigrate } from './supervisor/kernel.ts';
import { metricsOf, readinessOf } from './supervisor/overview.ts';

/** Health checks and the scraping of metrics need a handful. */
const MOST_ADMIN_CONNECTIONS = 100;

try {
  await main(readConfig(process.env), process.env);
} catch (error) {
  exitOnFault(error);
}

async function main(config: Config, env: NodeJS.ProcessEnv): Promise<void> {
  const { host, instances: count } = config;
  const log = createLog(config.logLevel);
  await refuseTakenPort(config, log);
  const fleet = new Fleet({
    count,
    port: config.port,
    spawn: (port) => new Instance({ ...env, PORT: String(port) }),
    log,
  });
  let isStopping = false;
  const admin = createAdminApp({
    readiness: () => (isStopping ? { isReady: false, words: 'stopping' } : readinessOf(fleet, count)),
    metrics: () => metricsOf(fleet, count),
  });
  const adminHost = await listen({
    host,
    port: config.adminPort,
    variable: 'ADMIN_PORT',
    maxConnections: MOST_ADMIN_CONNECTIONS,
    program: createProgram({ fetch: (request) => admin.fetch(request), log }),
  });

  const end = async (exitCode: number): Promise<void> => {
    isStopping = true;
    await fleet.stop();
    await adminHost.close({ drain: false });
    log.info('stopped');
    process.exit(exitCode);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // Whoever asks twice does not want to wait.
      if (isStopping) {
        fleet.kill();
        process.exit(1);
      }
      log.info('stopping', { signal });
      void end(0);
    });
  }
  process.on('SIGHUP', () => {
    if (isStopping) return;
    log.info('exchanging the instances one by one', { signal: 'SIGHUP', count });
    if (!connectionsMigrate())
      log.warn('connections that wait to be accepted will be reset', { hint: MIGRATION_HINT });
    void fleet.roll();
  });
  void fleet.failed.then(end);

  const port = await fleet.start();
  log.info('listening', {
    host,
    port,
    adminPort: adminHost.port,
    runtime: runtimeName,
    process: process.pid,
    count,
    ...(connectionsMigrate() ? {} : { hint: `for exchanges without a reset connection: ${MIGRATION_HINT}` }),
  });
}

/** Instances share their port with whoever else is willing to: nobody but they may be there. */
async function refuseTakenPort({ host, port }: Config, log: Logger): Promise<void> {
  if (port === 0) return;
  const probe = await listen({
    host,
    port,
    variable: 'PORT',
    maxConnections: 1,
    program: createProgram({ fetch: () => new Response(null, { status: 503 }), log }),
  });
  await probe.close({ drain: false });
}
