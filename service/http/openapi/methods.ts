/**
 * Which methods an address takes, by the description: for the 405 of all the others.
 */
import type { OpenApiDocument } from './document.ts';

/** Of OpenAPI, those that something of ours could take. */
export const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/** The methods of a path as `Allow` lists them, HEAD wherever GET is; undefined where nothing is. */
export type MethodsAt = (path: string) => readonly string[] | undefined;

export function makeMethodsAt({ paths }: OpenApiDocument): MethodsAt {
  const known = Object.entries(paths).map(([template, item]) => {
    const methods = METHODS.filter((method) => Object.hasOwn(item, method));
    return {
      pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
      methods: methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])),
    };
  });
  return (path) => known.find(({ pattern }) => pattern.test(path))?.methods;
}
