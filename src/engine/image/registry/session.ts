/** Requests to one repository of a registry, with the authorization that it asks for. See the OCI distribution specification. */

import { HolmError } from '../../error.ts';
import { fromUtf8 } from '../bytes.ts';
import { displayUrl, fetchDocument, HttpStatusError } from '../fetch/http.ts';
import type { ImageHost } from '../host.ts';
import { type Reference, registryHost } from './reference.ts';

const MAX_TOKEN = 1 << 20;

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

/** `Bearer realm="…",service="…"` as scheme and parameters. */
export function parseChallenge(header: string): { scheme: string; parameters: ReadonlyMap<string, string> } {
  const [scheme = ''] = header.split(' ', 1);
  const parameters = new Map<string, string>();
  for (const match of header.slice(scheme.length).matchAll(/([a-zA-Z_]+)=(?:"([^"]*)"|([^\s,]+))/g))
    parameters.set(match[1]!.toLowerCase(), match[2] ?? match[3]!);
  return { scheme: scheme.toLowerCase(), parameters };
}

export class RegistrySession {
  readonly base: string;
  private readonly host: ImageHost;
  private readonly reference: Reference;
  private readonly signal: AbortSignal | undefined;
  private authorization: string | null = null;

  constructor(host: ImageHost, reference: Reference, signal?: AbortSignal) {
    this.host = host;
    this.reference = reference;
    this.signal = signal;
    const server = registryHost(reference.registry);
    this.base = `${isLoopback(server) ? 'http' : 'https'}://${server}/v2/${reference.repository}`;
  }

  /** A small document below the repository, whole; null when there is none. */
  async document(path: string, limit: number, accept: string): Promise<Uint8Array | null> {
    const { signal } = this;
    return this.authorized((headers) =>
      fetchDocument(this.host, `${this.base}/${path}`, limit, { headers: { ...headers, accept }, ...(signal && { signal }) }),
    );
  }

  /** Do something with the headers that authorize it; once more when the registry asks for (new) authorization. */
  async authorized<T>(action: (headers: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
    const headers = (): Record<string, string> => (this.authorization === null ? {} : { authorization: this.authorization });
    try {
      return await action(headers());
    } catch (error) {
      if (!(error instanceof HttpStatusError) || error.status !== 401 || error.challenge === null) throw this.refusal(error);
      this.authorization = await this.authorize(error.challenge);
    }
    try {
      return await action(headers());
    } catch (error) {
      throw this.refusal(error);
    }
  }

  private refusal(error: unknown): unknown {
    if (!(error instanceof HttpStatusError) || error.code !== 'EAUTH') return error;
    return new HolmError('EAUTH', `${this.reference.familiar}: the registry refuses access, or has no such repository`, { cause: error });
  }

  private async authorize(challenge: string): Promise<string> {
    const { scheme, parameters } = parseChallenge(challenge);
    const credentials = await this.host.registryCredentials(this.reference.registry);
    if (scheme === 'basic') {
      if (credentials === null)
        throw new HolmError(
          'EAUTH',
          `${this.reference.registry} wants a user name and a password: use docker login, or write ~/.docker/config.json`,
        );
      return credentials;
    }
    const realm = parameters.get('realm') ?? '';
    if (scheme !== 'bearer' || !URL.canParse(realm))
      throw new HolmError('EAUTH', `${this.reference.registry} wants an authorization that is not supported`);
    const url = new URL(realm);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.host)))
      throw new HolmError('EAUTH', `${this.reference.registry} sends credentials to ${displayUrl(realm)}, which is not safe`);
    const service = parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', parameters.get('scope') ?? `repository:${this.reference.repository}:pull`);
    const headers: Record<string, string> = credentials === null ? {} : { authorization: credentials };
    const answer = await fetchDocument(this.host, url.href, MAX_TOKEN, { headers });
    return `Bearer ${tokenOf(answer, displayUrl(realm))}`;
  }
}

function tokenOf(answer: Uint8Array | null, what: string): string {
  try {
    const { token, access_token: accessToken } = JSON.parse(fromUtf8(answer!)) as { token?: string; access_token?: string };
    const found = token ?? accessToken;
    if (typeof found === 'string') return found;
  } catch {
    // told below
  }
  throw new HolmError('EAUTH', `${what}: the answer holds no token`);
}
