/** Requests over the host's HTTP client: redirects, retries, clear errors. */

import { HolmError } from '../../error.ts';
import type { HttpRequest, HttpResponse, ImageHost } from '../host.ts';

const MAX_REDIRECTS = 10;
const RETRIES = 4;
const FIRST_DELAY = 500;

/** What the fetching modules need of the host. */
export type Network = Pick<ImageHost, 'http' | 'sleep'>;

const STATUS: Readonly<Record<number, string>> = {
  401: 'not authorized',
  403: 'forbidden',
  404: 'not found',
  429: 'too many requests: try again later',
  500: 'the server failed',
  502: 'bad gateway',
  503: 'not available now',
};

/** An answer that is not what was asked for. */
export class HttpStatusError extends HolmError {
  readonly status: number;
  /** WWW-Authenticate. */
  readonly challenge: string | null;

  constructor(url: string, { status, header }: HttpResponse) {
    const meaning = STATUS[status];
    super(
      status === 401 || status === 403 ? 'EAUTH' : 'ENETWORK',
      `${displayUrl(url)}: the server answers ${status}${meaning ? ` (${meaning})` : ''}`,
    );
    this.status = status;
    this.challenge = header('www-authenticate');
  }
}

/** A URL for messages: without credentials and query. */
export function displayUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return url.slice(0, 200);
  }
}

/** One request, redirects followed; credentials are not carried to another host. */
export async function request(network: Network, url: string, options: HttpRequest = {}): Promise<HttpResponse> {
  let target = url;
  let headers = options.headers ?? {};
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await attempt(network, target, { ...options, headers });
    const location = response.header('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    response.discard();
    const next = new URL(location, target);
    if (next.protocol !== 'http:' && next.protocol !== 'https:')
      throw new HolmError('ENETWORK', `${displayUrl(url)}: redirected to ${next.protocol}`);
    if (next.protocol === 'http:' && target.startsWith('https:'))
      throw new HolmError('ENETWORK', `${displayUrl(url)}: redirected from https to http`);
    if (next.host !== new URL(target).host)
      headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
    target = next.href;
  }
  throw new HolmError('ENETWORK', `${displayUrl(url)}: more than ${MAX_REDIRECTS} redirects`);
}

async function attempt(network: Network, url: string, options: HttpRequest): Promise<HttpResponse> {
  try {
    return await network.http.request(url, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof HolmError) throw error;
    throw new HolmError('ENETWORK', `${displayUrl(url)}: ${reason(error)}`, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved now',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection lost',
  ETIMEDOUT: 'timed out',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
};

export function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return (code && REASONS[code]) ?? message ?? String(error);
}

/** True for failures that may pass: the network, overload, a server's own error. */
export function isTransient(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.status >= 500 || error.status === 429 || error.status === 408;
  const isFinal = (error as { cause?: { code?: string } }).cause?.code === 'ENOTFOUND';
  return error instanceof HolmError && error.code === 'ENETWORK' && !isFinal;
}

/** Run `action` again after failures that may pass, waiting longer each time. */
export async function retry<T>(network: Network, action: (attempt: number) => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let count = 0; ; count++) {
    try {
      return await action(count);
    } catch (error) {
      signal?.throwIfAborted();
      if (count === RETRIES || !isTransient(error)) throw error;
      await network.sleep(FIRST_DELAY * 2 ** count, signal);
    }
  }
}

/** A small document, whole. Null when the server has none (404). */
export async function fetchDocument(network: Network, url: string, limit: number, options: HttpRequest = {}): Promise<Uint8Array | null> {
  return retry(
    network,
    async () => {
      const response = await request(network, url, options);
      if (response.status === 404 || response.status === 410) {
        response.discard();
        return null;
      }
      if (response.status !== 200) {
        response.discard();
        throw new HttpStatusError(url, response);
      }
      return readBody(response, url, limit);
    },
    options.signal,
  );
}

export async function readBody(response: HttpResponse, url: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of response.body) {
      length += part.length;
      if (length > limit) throw new HolmError('EVERIFY', `${displayUrl(url)}: more than ${limit} bytes`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof HolmError) throw error;
    throw new HolmError('ENETWORK', `${displayUrl(url)}: ${reason(error)}`, { cause: error });
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
