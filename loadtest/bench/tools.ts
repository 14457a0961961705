/**
 * @module Programs that only the bench needs: on PATH, else Debian's packages unpacked under `.fangbang/bench/`.
 *
 * Failure policy: what cannot be had is an Unavailable with the reason; only its rows are left out.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { keep } from '../../infra/local/checkout.ts';
import { programOnPath, unpackPackages, unpackedIn } from '../../infra/local/debian-package.ts';

export interface Tool {
  readonly command: string;
  readonly libraryFolders: readonly string[];
}

/** nginx with its Lua module. */
export interface NginxTool extends Tool {
  /** Paths of the modules to load, in this order; none when they are compiled in. */
  readonly modules: readonly string[];
  /** lua_package_path and lua_package_cpath, for the libraries that the Lua code needs. */
  readonly luaPath: string;
  readonly luaCpath: string;
}

/** A row cannot be measured on this machine; the message is the reason. */
export class Unavailable extends Error {}

export interface ToolFinder {
  readonly searchPath: string;
  readonly say: (line: string) => void;
}

/** The environment of a tool: nothing of ours but where its libraries are. */
export function environmentOf({ libraryFolders }: Tool): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    ...(libraryFolders.length === 0 ? {} : { LD_LIBRARY_PATH: libraryFolders.join(':') }),
  };
}

export async function findWrk(finder: ToolFinder): Promise<Tool> {
  return await findProgram(finder, 'wrk', ['wrk', 'libluajit2-5.1-2'], 'usr/bin/wrk');
}

export async function findWebdis(finder: ToolFinder): Promise<Tool> {
  return await findProgram(finder, 'webdis', ['webdis'], 'usr/bin/webdis');
}

async function findProgram(
  finder: ToolFinder,
  name: string,
  packages: readonly string[],
  file: string,
): Promise<Tool> {
  const onPath = programOnPath([name], finder.searchPath);
  if (onPath !== undefined) return { command: onPath, libraryFolders: [] };
  const { folder, libraryFolders } = await unpacked(finder, name, packages, [file]);
  return { command: join(folder, file), libraryFolders };
}

const NGINX = 'usr/sbin/nginx';
const NGINX_MODULES = ['ndk_http_module.so', 'ngx_http_lua_module.so'].map(
  (name) => `usr/lib/nginx/modules/${name}`,
);
/** OpenResty's own LuaJIT and libraries, as apt-get install would choose them. */
const NGINX_PACKAGES = [
  'nginx',
  'libnginx-mod-http-ndk',
  'libnginx-mod-http-lua',
  'libluajit2-5.1-2',
  'libpcre3',
  'lua-resty-core',
  'lua-resty-lrucache',
  'lua-cjson',
  'lua-nginx-redis',
];
const LUA_LIBRARIES = ['resty/core.lua', 'resty/lrucache.lua', 'nginx/redis.lua'].map(
  (name) => `usr/share/lua/5.1/${name}`,
);

/** Debian's own set when it is installed whole, else the same packages unpacked. */
export async function findNginx(finder: ToolFinder): Promise<NginxTool> {
  const files = [NGINX, ...NGINX_MODULES, ...LUA_LIBRARIES];
  const isInstalled = files.every((file) => existsSync(join('/', file)));
  const { folder, libraryFolders } = isInstalled
    ? { folder: '/', libraryFolders: [] }
    : await unpacked(finder, 'nginx', NGINX_PACKAGES, [NGINX, ...NGINX_MODULES]);
  const cpaths = isInstalled ? ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'] : libraryFolders;
  return {
    command: join(folder, NGINX),
    libraryFolders,
    modules: NGINX_MODULES.map((file) => join(folder, file)),
    luaPath: `${join(folder, 'usr/share/lua/5.1')}/?.lua`,
    luaCpath: cpaths.map((path) => `${path}/lua/5.1/?.so`).join(';'),
  };
}

async function unpacked(
  finder: ToolFinder,
  name: string,
  packages: readonly string[],
  files: readonly string[],
): Promise<{ folder: string; libraryFolders: readonly string[] }> {
  const folder = join(keep('bench'), name);
  const there = unpackedIn({ folder, files });
  if (there !== undefined) return there;
  finder.say(`fetching Debian's ${name} …`);
  try {
    return await unpackPackages({ folder, packages, files });
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new Unavailable(
      `${name} is not on this machine and Debian's package could not be fetched (${why}): run "sudo apt-get install ${packages.join(' ')}"`,
    );
  }
}
