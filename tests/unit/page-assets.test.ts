import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'acorn';
import { describe, expect, it } from 'vitest';
import { bundle, loadAssets } from '../../service/page/assets.ts';

const assets = loadAssets();

/** Names that a module's top level declares, in the order of the script. */
function topLevelNames(script: string): string[] {
  const program = parse(script, { ecmaVersion: 2019 });
  const [wrapper] = program.body;
  if (wrapper?.type !== 'ExpressionStatement' || wrapper.expression.type !== 'CallExpression') return [];
  const { callee } = wrapper.expression;
  if (callee.type !== 'FunctionExpression') return [];
  return callee.body.body.flatMap((statement) => {
    if (statement.type === 'FunctionDeclaration') return [statement.id.name];
    if (statement.type !== 'VariableDeclaration') return [];
    return statement.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  });
}

describe('the script', () => {
  it('is of ECMAScript 2019, which Chrome 66 and Safari 12 read', () => {
    expect(() => parse(assets.script, { ecmaVersion: 2019 })).not.toThrow();
    expect(() => parse('a?.b', { ecmaVersion: 2019 })).toThrow('Unexpected token');
  });

  it('declares no name in two of its modules', () => {
    const names = topLevelNames(assets.script);
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('holds every name that a module imports', () => {
    const names = new Set(topLevelNames(assets.script));
    const sources = readFileSync(new URL('../../service/page/assets.ts', import.meta.url), 'utf8');
    const modules = [...sources.matchAll(/'((?:shared|browser)\/[\w-]+\.js)'/g)].map(
      (match) => match[1] ?? '',
    );
    const imported = modules.flatMap((module) => {
      const source = readFileSync(new URL(`../../service/page/${module}`, import.meta.url), 'utf8');
      return [...source.matchAll(/^import \{([^}]*)\}/gm)].flatMap((match) =>
        (match[1] ?? '')
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
      );
    });
    expect(imported.length).toBeGreaterThan(10);
    expect(imported.filter((name) => !names.has(name))).toEqual([]);
  });

  it('cannot end its element early', () => {
    expect(assets.script).not.toMatch(/<\/script|<!--/i);
    expect(assets.style).not.toMatch(/<\/style/i);
  });
});

describe('a bundle', () => {
  it('leaves out comments, imports and exports, and nothing else', () => {
    const source = [
      '// @ts-check',
      '/** A comment',
      ' * of two lines. */',
      "import { a } from './a.js';",
      'import {',
      '  b,',
      "} from './b.js';",
      'export function f() {',
      "  return /** @type {string} */ ('// kept'); // kept",
      '}',
      '/** @type {number} */',
      'export const g = 1;',
      '',
    ].join('\n');
    expect(bundle([source])).toBe(
      "(function(){'use strict';\nfunction f() {\nreturn /** @type {string} */ ('// kept'); // kept\n}\nconst g = 1;\n})();",
    );
  });
});

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('the Content-Security-Policy', () => {
  it('allows this script and this style by their hashes, and nothing from elsewhere', () => {
    const directives = assets.contentSecurityPolicy.split('; ');
    expect(directives).toContain(`default-src 'none'`);
    expect(directives).toContain(`script-src ${hash(assets.script)}`);
    expect(directives).toContain(`style-src ${hash(assets.style)}`);
    expect(assets.contentSecurityPolicy).not.toMatch(/unsafe|https?:|\*/);
  });
});
