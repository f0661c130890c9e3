import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../engine/image/bytes.ts';
import { NodeHttpClient, proxyFromEnvironment } from './http.ts';

const servers: Server[] = [];

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const direct = (): NodeHttpClient => new NodeHttpClient('holm', async () => null);
const text = async (body: AsyncIterable<Uint8Array>): Promise<string> => Buffer.from(await collect(body)).toString();

describe('HTTP client', () => {
  it('sends and receives', async () => {
    const base = await serve((request, response) => {
      response.writeHead(203, { 'x-one': 'a' });
      response.end(`${request.method} ${request.url} ${request.headers['range']} ${request.headers['user-agent']}`);
    });
    const response = await direct().request(`${base}/x?y`, { headers: { range: 'bytes=1-' } });
    expect([response.status, response.header('x-one'), response.header('x-two')]).toEqual([203, 'a', null]);
    expect(await text(response.body)).toBe('GET /x?y bytes=1- holm');
  });

  it('rejects when the connection is refused, cut or cancelled', async () => {
    await expect(direct().request('http://127.0.0.1:1/', {})).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const base = await serve((request, response) => {
      if (request.url === '/hang') return;
      response.writeHead(200, { 'content-length': '100' });
      response.write('part');
      setTimeout(() => response.destroy(), 20);
    });
    const response = await direct().request(base, {});
    await expect(text(response.body)).rejects.toThrow();
    await expect(direct().request(`${base}/hang`, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
  });

  it('reads file URLs', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'holm-http-')), 'a b');
    writeFileSync(path, 'content');
    const response = await direct().request(pathToFileURL(path).href, {});
    expect([response.status, await text(response.body)]).toEqual([200, 'content']);
    expect((await direct().request('file:///nothing', {})).status).toBe(404);
  });

  it('goes through proxies', async () => {
    const seen: string[] = [];
    const proxy = await serve((request, response) => {
      seen.push(`${request.url} ${request.headers['host']} ${request.headers['proxy-authorization']}`);
      response.end('proxied');
    });
    servers[0]!.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    const url = new URL(proxy);
    url.username = 'u';
    url.password = 'p';
    const choose = proxyFromEnvironment({ http_proxy: url.href, HTTPS_PROXY: proxy, no_proxy: 'direct.test,.local' });
    const client = new NodeHttpClient('holm', choose);
    expect(await text((await client.request('http://far.test/x', {})).body)).toBe('proxied');
    await expect(client.request('https://far.test/', {})).rejects.toThrow(/proxy .* answers 403/);
    expect(seen).toEqual(['http://far.test/x far.test Basic dTpw', 'CONNECT far.test:443']);
    const none = await Promise.all(
      ['http://direct.test', 'http://a.local', 'http://localhost', 'https://[::1]'].map((target) => choose(new URL(target))),
    );
    expect(none).toEqual([null, null, null, null]);
    expect((await proxyFromEnvironment({}, async () => 'http://apt.test:3128')(new URL('http://x.test')))?.host).toBe('apt.test:3128');
    expect(await proxyFromEnvironment({}, async () => 'http://apt.test:3128')(new URL('https://x.test'))).toBe(null);
  });
});
