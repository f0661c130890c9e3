/** HTTP over node:http: connections kept open, proxies from the environment, file: URLs for mirrors on disk. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { HttpClient, HttpRequest, HttpResponse } from '../../engine/image/host.ts';

const IDLE_MS = 60_000;
const CONNECTIONS = 8;

/** The proxy for a URL; null for none. */
export type ProxyChoice = (url: URL) => Promise<URL | null>;

/** Proxies as http_proxy, https_proxy and no_proxy name them; `fallback` is used for http alone. */
export function proxyFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  fallback: () => Promise<string | null> = async () => null,
): ProxyChoice {
  const get = (name: string): string => environment[name] ?? environment[name.toUpperCase()] ?? '';
  let fallbackProxy: Promise<string | null> | null = null;
  const exceptions = get('no_proxy')
    .split(/[\s,]+/)
    .filter(Boolean);
  return async (url) => {
    const host = url.hostname;
    if (isLoopback(host)) return null;
    for (const exception of exceptions) {
      const suffix = exception.replace(/^\*?\.?/, '').replace(/:\d+$/, '');
      if (exception === '*' || host === suffix || host.endsWith(`.${suffix}`)) return null;
    }
    let proxy = get(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
    if (proxy === '' && url.protocol === 'http:') {
      fallbackProxy ??= fallback();
      proxy = (await fallbackProxy) ?? '';
    }
    if (proxy === '') return null;
    try {
      return new URL(proxy.includes('://') ? proxy : `http://${proxy}`);
    } catch {
      return null;
    }
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

export class NodeHttpClient implements HttpClient {
  private plain: Agent | null = null;
  private secure: SecureAgent | null = null;
  private readonly proxy: ProxyChoice;
  private readonly userAgent: string;

  constructor(userAgent: string, proxy: ProxyChoice) {
    this.userAgent = userAgent;
    this.proxy = proxy;
  }

  /** Made when they are needed: most commands never use the network. */
  private get agent(): Agent {
    this.plain ??= new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    return this.plain;
  }

  private get secureAgent(): SecureAgent {
    this.secure ??= new SecureAgent({ keepAlive: true, maxSockets: CONNECTIONS });
    return this.secure;
  }

  async request(url: string, request: HttpRequest): Promise<HttpResponse> {
    const target = new URL(url);
    if (target.protocol === 'file:') return fileResponse(target);
    const proxy = await this.proxy(target);
    const message = await this.send(target, proxy, request);
    return {
      status: message.statusCode ?? 0,
      header: (name) => {
        const value = message.headers[name];
        return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
      },
      body: message,
      discard: () => discard(message),
    };
  }

  private async send(target: URL, proxy: URL | null, request: HttpRequest): Promise<IncomingMessage> {
    const options: RequestOptions = {
      method: request.method ?? 'GET',
      headers: { 'user-agent': this.userAgent, ...request.headers },
      ...(request.signal && { signal: request.signal }),
    };
    if (target.protocol === 'https:') {
      if (!proxy) return answer(httpsRequest(target, { ...options, agent: this.secureAgent }));
      const socket = await tunnel(target, proxy);
      return answer(
        httpsRequest(target, { ...options, agent: false, createConnection: () => tlsConnect({ socket, servername: target.hostname }) }),
      );
    }
    if (!proxy) return answer(httpRequest(target, { ...options, agent: this.agent }));
    const headers = { ...(options.headers as Record<string, string>), host: target.host, ...proxyAuthorization(proxy) };
    return answer(httpRequest(proxy, { ...options, headers, path: target.href, agent: this.agent }));
  }
}

/** Read a short body, so that the connection can be used again; give up a long one. */
function discard(message: IncomingMessage): void {
  const length = Number(message.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  if (length < 1 << 16) message.resume();
  else message.destroy();
}

function answer(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.setTimeout(IDLE_MS, () => request.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
  });
}

function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** A connection to the target through the proxy. */
function tunnel(target: URL, proxy: URL): Promise<import('node:net').Socket> {
  return new Promise((resolve, reject) => {
    const authority = `${target.hostname}:${target.port || '443'}`;
    const request = httpRequest(proxy, {
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      agent: false,
    });
    request.setTimeout(IDLE_MS, () => request.destroy(new Error('timed out')));
    request.on('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else reject(new Error(`the proxy ${proxy.host} answers ${response.statusCode}`));
    });
    request.on('error', reject);
    request.end();
  });
}

async function fileResponse(target: URL): Promise<HttpResponse> {
  const path = fileURLToPath(target);
  const status = await stat(path).catch(() => null);
  if (!status?.isFile()) return { status: 404, header: () => null, body: (async function* () {})(), discard: () => undefined };
  const header = (name: string): string | null => (name === 'content-length' ? String(status.size) : null);
  const body = createReadStream(path);
  return { status: 200, header, body, discard: () => void body.destroy() };
}
