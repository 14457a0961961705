/**
 * Who calls, put together from a request for the limits: network, device, proof of work. Everything
 * is looked at only when a limit asks for it, since most lookups need none of it.
 */
import type { Context } from 'hono';
import type { Visitor } from '#lookup/limits/visitor.ts';
import type { Digest, Pepper } from '#results/digest.ts';
import { makeSipHash } from '#results/sip-hash.ts';
import { makeNetworkOf } from './client-address.ts';
import type { Device } from './device-cookie.ts';
import { createDeviceCookies } from './device-cookie.ts';
import { deriveKey } from './keys.ts';
import type { ProofChallenge, Proofs } from './proof-of-work.ts';
import { PROOF_HEADER, createProofs } from './proof-of-work.ts';

/** What service/host.ts tells of a connection: the `env` of a request. */
export interface Peer {
  /** The socket's other end; undefined when it is gone. */
  address(): string | undefined;
}

export interface Caller extends Visitor {
  /** Value of Set-Cookie after a success; undefined when nothing is to be set. */
  cookieAfter(digest: Digest): string | undefined;
  challenge(seriesId: string): Promise<ProofChallenge>;
}

export type CallerOf = (context: Context) => Caller;

export interface CallersDeps {
  readonly peppers: readonly [Pepper, ...Pepper[]];
  /** CIDRs whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Of a proof of work. */
  readonly maxNumber: number;
}

export function createCallerOf({ peppers, trustedProxies, maxNumber }: CallersDeps): CallerOf {
  const proofs = createProofs({ peppers, maxNumber });
  const devices = createDeviceCookies({ peppers });
  const networkOf = makeNetworkOf(trustedProxies);
  const hash = makeSipHash(deriveKey(peppers[0], 'fangbang-network-1', 16));
  return (context) =>
    new RequestCaller(context, {
      proofs,
      deviceOf: (cookies) => devices.read(cookies),
      networkOf: (socketAddress, forwardedFor) => hash(networkOf(socketAddress, forwardedFor)),
    });
}

interface Parts {
  readonly proofs: Proofs;
  readonly deviceOf: (cookies: string | undefined) => Device;
  readonly networkOf: (socketAddress: string | undefined, forwardedFor: string | undefined) => number;
}

class RequestCaller implements Caller {
  readonly #context: Context;
  readonly #parts: Parts;
  #device: Device | undefined;
  #network: number | undefined;

  constructor(context: Context, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
  }

  get network(): number {
    if (this.#network === undefined) {
      const peer = this.#context.env as Partial<Peer> | undefined;
      this.#network = this.#parts.networkOf(peer?.address?.(), this.#header('x-forwarded-for'));
    }
    return this.#network;
  }

  get bringsProof(): boolean {
    return this.#header(PROOF_HEADER) !== undefined;
  }

  hasSucceeded(digest: Digest): boolean {
    return this.#ownDevice().hasSucceeded(digest);
  }

  async provenWork(seriesId: string): Promise<number | undefined> {
    const header = this.#header(PROOF_HEADER);
    return header === undefined ? undefined : await this.#parts.proofs.verify(header, seriesId, this.network);
  }

  cookieAfter(digest: Digest): string | undefined {
    return this.#ownDevice().cookieAfter(digest);
  }

  challenge(seriesId: string): Promise<ProofChallenge> {
    return this.#parts.proofs.challenge(seriesId, this.network);
  }

  #ownDevice(): Device {
    this.#device ??= this.#parts.deviceOf(this.#header('cookie'));
    return this.#device;
  }

  #header(name: string): string | undefined {
    return this.#context.req.header(name);
  }
}
