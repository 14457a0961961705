/**
 * Who calls, put together from a request for the limits: network, device, proof of work. Everything
 * is looked at only when a limit asks for it, since most lookups need none of it.
 */
import type { Visitor } from '#lookup/limits/visitor.ts';
import type { Digest, Pepper } from '#results/digest.ts';
import { makeSipHash } from '#results/sip-hash.ts';
import type { WrittenValue } from '../http1/answer.ts';
import type { Peer } from '../http1/endpoint.ts';
import { makeNetworkOf } from './client-address.ts';
import type { Device } from './device-cookie.ts';
import { createDeviceCookies } from './device-cookie.ts';
import { deriveKey } from './keys.ts';
import type { ProofChallenge, Proofs } from './proof-of-work.ts';
import { PROOF_HEADER, createProofs } from './proof-of-work.ts';

/** What is known of a request without its body. */
export interface RequestFacts {
  /** @param name in lower case. */
  header(name: string): string | undefined;
}

export interface Caller extends Visitor {
  /** Value of Set-Cookie after a success; undefined when nothing is to be set. */
  cookieAfter(digest: Digest): string | WrittenValue | undefined;
  challenge(seriesId: string): Promise<ProofChallenge>;
}

/** @param peer undefined: there is no connection, as in tests. */
export type CallerOf = (request: RequestFacts, peer: Peer | undefined) => Caller;

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
  const parts: Parts = {
    proofs,
    deviceOf: (cookies) => devices.read(cookies),
    networkOf: (socketAddress, forwardedFor) => hash(networkOf(socketAddress, forwardedFor)),
  };
  return (request, peer) => new RequestCaller(request, peer, parts);
}

interface Parts {
  readonly proofs: Proofs;
  readonly deviceOf: (cookies: string | undefined) => Device;
  readonly networkOf: (socketAddress: string | undefined, forwardedFor: string | undefined) => number;
}

class RequestCaller implements Caller {
  readonly #request: RequestFacts;
  readonly #peer: Peer | undefined;
  readonly #parts: Parts;
  #device: Device | undefined;
  #network: number | undefined;

  constructor(request: RequestFacts, peer: Peer | undefined, parts: Parts) {
    this.#request = request;
    this.#peer = peer;
    this.#parts = parts;
  }

  get network(): number {
    if (this.#network === undefined) {
      const forwardedFor = this.#request.header('x-forwarded-for');
      this.#network = this.#parts.networkOf(this.#peer?.address(), forwardedFor);
    }
    return this.#network;
  }

  get bringsProof(): boolean {
    return this.#request.header(PROOF_HEADER) !== undefined;
  }

  hasSucceeded(digest: Digest): boolean {
    return this.#ownDevice().hasSucceeded(digest);
  }

  async provenWork(seriesId: string): Promise<number | undefined> {
    const header = this.#request.header(PROOF_HEADER);
    return header === undefined ? undefined : await this.#parts.proofs.verify(header, seriesId, this.network);
  }

  cookieAfter(digest: Digest): string | WrittenValue | undefined {
    return this.#ownDevice().cookieAfter(digest);
  }

  challenge(seriesId: string): Promise<ProofChallenge> {
    return this.#parts.proofs.challenge(seriesId, this.network);
  }

  #ownDevice(): Device {
    this.#device ??= this.#parts.deviceOf(this.#request.header('cookie'));
    return this.#device;
  }
}
