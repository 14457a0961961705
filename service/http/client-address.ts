/**
 * Where a request comes from: the socket's address, or behind proxies of ours what they say in
 * X-Forwarded-For. Read from the right: each proxy appends whom it spoke with, so the rightmost
 * address that is none of ours is the nearest that one of ours has seen; anything to the left of it
 * anybody can write.
 */
import { BlockList, isIP } from 'node:net';

/** The network of a client: the IPv4 address, or the first 64 bits of the IPv6 address. */
export type NetworkOf = (socketAddress: string | undefined, forwardedFor: string | undefined) => string;

/** Nobody stands behind more proxies of ours; what is further left is not looked at. */
const MOST_HOPS = 8;
/** Addresses of proxies remembered, so that they are not compared with every CIDR at each request. */
const MOST_REMEMBERED = 1_000;

/** Whether a plain address is a trusted proxy's. @param trustedProxies CIDRs. @throws for one that is none. */
export function makeIsTrusted(trustedProxies: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const cidr of trustedProxies) {
    const [address = '', prefix = ''] = cidr.split('/');
    trusted.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  const remembered = new Map<string, boolean>();
  return (address) => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    const family = isIP(address);
    const is = family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(address, is);
    return is;
  };
}

/** @param trustedProxies CIDRs whose forwarding headers are believed. @throws for one that is none. */
export function makeNetworkOf(trustedProxies: readonly string[]): NetworkOf {
  if (trustedProxies.length === 0) return (socketAddress) => networkName(plainAddress(socketAddress ?? ''));
  const isTrusted = makeIsTrusted(trustedProxies);

  return (socketAddress, forwardedFor) => {
    let nearest = plainAddress(socketAddress ?? '');
    if (forwardedFor === undefined) return networkName(nearest);
    const hops = forwardedFor.slice(-MOST_HOPS * 64).split(',');
    for (let i = hops.length - 1; i >= 0 && i >= hops.length - MOST_HOPS; i -= 1) {
      if (!isTrusted(nearest)) break;
      const hop = plainAddress(hops[i] ?? '');
      // Not an address: whoever wrote it, the one to its right is as far as we know.
      if (isIP(hop) === 0) break;
      nearest = hop;
    }
    return networkName(nearest);
  };
}

/** Without brackets, port and zone; an IPv4 address inside an IPv6 one as itself. */
export function plainAddress(text: string): string {
  let address = text.trim();
  if (address.startsWith('[')) address = address.slice(1, address.indexOf(']'));
  else if (/^[0-9.]+:[0-9]+$/.test(address)) address = address.slice(0, address.indexOf(':'));
  const zone = address.indexOf('%');
  if (zone !== -1) address = address.slice(0, zone);
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  return mapped ?? address;
}

function networkName(address: string): string {
  return address.includes(':') ? first64(address) : address;
}

/** The first four groups, written in one way. */
function first64(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    // An IPv4 address at the end stands for two groups.
    const taken = after.length + (after.at(-1)?.includes('.') === true ? 1 : 0);
    while (groups.length + taken < 8) groups.push('0');
    groups.push(...after);
  }
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
