/**
 * @module nginx as a contestant, in three roles: with Lua and Redis (plain, and with our duties), and answering a
 * constant. One worker, as there is one core; logs of requests off; kept connections never closed.
 *
 * Failure policy: as in peer.ts; without Debian's packages an Unavailable.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningPeer } from './peer.ts';
import { startPeer } from './peer.ts';
import type { Stage } from './stage.ts';
import type { NginxTool } from './tools.ts';
import { environmentOf } from './tools.ts';

export type NginxRole = 'plain' | 'equal' | 'constant';

/** What nginx needs of the stage. */
export type NginxStage = Pick<Stage, 'folder' | 'redisUrl' | 'pepperFile' | 'documents'>;

const LUA_FOLDER = fileURLToPath(new URL('./peers/nginx', import.meta.url));

/** Starts nginx in a role, with its files below the stage's folder. */
export async function startNginx(
  stage: NginxStage,
  tool: NginxTool,
  options: { role: NginxRole; cores: readonly number[]; name: string },
): Promise<RunningPeer> {
  const { role, cores, name } = options;
  const prefix = join(stage.folder, name);
  mkdirSync(prefix, { recursive: true, mode: 0o755 });
  const config = join(prefix, 'nginx.conf');
  return await startPeer({
    name,
    cores,
    logFile: join(prefix, 'error.log'),
    command: tool.command,
    args: (port) => {
      writeFileSync(config, configuration(stage, tool, { role, port, prefix }), { mode: 0o600 });
      return ['-p', prefix, '-c', config, '-e', join(prefix, 'error.log')];
    },
    env: environmentOf(tool),
    ...(role === 'equal' ? { isReady: hasReadPublications } : {}),
  });
}

/** It answers 503 until it has. */
async function hasReadPublications(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/series/any/lookup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
    signal: AbortSignal.timeout(2_000),
  });
  await answer.arrayBuffer();
  return answer.status !== 503;
}

function configuration(
  stage: NginxStage,
  tool: NginxTool,
  { role, port, prefix }: { role: NginxRole; port: number; prefix: string },
): string {
  // Only nginx itself reads the constant and the pepper: both are in its own folder.
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${prefix}/${kind};`)
    .join('\n  ');
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${prefix}/pid;
error_log ${prefix}/error.log error;
worker_processes 1;
${role === 'constant' ? '' : tool.modules.map((path) => `load_module ${path};`).join('\n')}
events { worker_connections 1024; }
http {
  access_log off;
  server_tokens off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_max_body_size 8k;
  client_body_buffer_size 8k;
  ${temporary}
${role === 'constant' ? '' : luaConfiguration(stage, tool, role)}
  server {
    listen 127.0.0.1:${port} backlog=1024;
${role === 'constant' ? constantLocation(stage) : luaLocation(role)}
  }
}
`;
}

function luaConfiguration(stage: NginxStage, tool: NginxTool, role: NginxRole): string {
  const pepper = readFileSync(stage.pepperFile, 'utf8').trim();
  const { port } = new URL(stage.redisUrl);
  return `
  lua_package_path "${LUA_FOLDER}/?.lua;${tool.luaPath};;";
  lua_package_cpath "${tool.luaCpath};;";
  lua_socket_pool_size 128;
  init_by_lua_block {
    require('${role}').configure(ngx.decode_base64('${pepper}'), ${port})
  }
  ${role === 'equal' ? `init_worker_by_lua_block { require('equal').start() }` : ''}`;
}

function luaLocation(role: NginxRole): string {
  const headers =
    role === 'equal'
      ? `
      add_header X-Request-Id $request_id always;
      add_header Cache-Control "no-store, private" always;
      add_header Content-Security-Policy "default-src 'none'; frame-ancestors 'none'" always;
      add_header Cross-Origin-Resource-Policy same-origin always;
      add_header Referrer-Policy no-referrer always;
      add_header X-Content-Type-Options nosniff always;
      add_header X-Frame-Options DENY always;`
      : '';
  return `
    location ~ ^/v1/series/(?<series>[^/]+)/lookup$ {${headers}
      content_by_lua_block { require('${role}').answer() }
    }`;
}

/** nginx's own strings need quotes and dollars escaped. */
function constantLocation(stage: NginxStage): string {
  const document = (stage.documents[0] ?? '').replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `
    location / {
      default_type "application/json; charset=utf-8";
      add_header Cache-Control "no-store, private";
      return 200 '${document}';
    }`;
}
