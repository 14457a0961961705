/**
 * Headers of every page of ours, whatever it says.
 */
import type { PageAssets } from './assets.ts';

export function pageHeaders(assets: PageAssets): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': assets.contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
  };
}
