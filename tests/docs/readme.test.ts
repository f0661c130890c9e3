/** The examples of README.md: each shell line and the program are run as they stand there. */

import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finished } from '../support/command.ts';
import { debianImage, xdgDataHome } from '../support/debian_image.ts';
import { buildElf } from '../support/elf_builder.ts';
import { sha256, tar } from '../support/images.ts';

const ROOT = join(import.meta.dirname, '../..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map((match) => match[1]!);
const lines = blocks('console').flatMap((block) =>
  block
    .split('\n')
    .filter((line) => line.startsWith('$ '))
    .map((line) => line.slice(2)),
);

/** A clone as a user sees it, with a file to load. */
const clone = mkdtempSync(join(tmpdir(), 'holm-readme-'));
const REGISTRY = 'registry.example:5000';

interface Expectation {
  readonly line: RegExp;
  /** Needs the image "debian", which a mirror must give. */
  readonly debian?: boolean;
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
  /** Wants a terminal; this is typed into it. */
  readonly typed?: string;
}

const EXPECTATIONS: readonly Expectation[] = [
  { line: /uname -a/, debian: true, stdout: /^Linux web-1 .* aarch64 GNU\/Linux\nweb-1\n1\n/ },
  { line: /run -d --name web/, debian: true, stdout: /^[0-9a-f]{64}\n$/ },
  { line: /exec web/, debian: true, stdout: /^ +PID CMD\n +1 sleep 1000\n/ },
  { line: / ps$/, debian: true, stdout: /^CONTAINER ID .* NAMES\n[0-9a-f]{12} .* web\n$/ },
  { line: /rm -f web$/, debian: true, stdout: /^web\n$/ },
  { line: / -it debian bash$/, debian: true, typed: 'exit\n', stdout: /root@[0-9a-f]{12}:\/# / },
  { line: /ls \| sort -r/, debian: true, stdout: /image\.tar/ },
  { line: /perl -e/, debian: true, stdout: /^hello\n$/ },
  { line: /--strace debian true$/, debian: true, stderr: /brk\(NULL\) = [\s\S]*exit_group\(0\)/ },
  { line: /pull --include python3,git/, debian: true, stdout: /^[0-9a-f]{12}\n$/ },
  { line: /pull registry\.example/, stdout: /^[0-9a-f]{12}\n$/ },
  { line: /load image\.tar$/, stdout: /^Loaded image: app:1\.0\n$/ },
  { line: /images$/, stdout: /^NAME +IMAGE ID +CREATED +SIZE\n/ },
  { line: /rmi app:1\.0$/, stdout: /^app:1\.0\n$/ },
];

/** script(1) of util-linux gives a terminal. */
const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' }).status === 0;

let available = false;
let registry: Server;

/** An image of one layer, as `docker save` and as a registry have it. */
function makeImage(): void {
  const layer = tar([{ name: 'bin/' }, { name: 'bin/sh', data: buildElf({}), mode: 0o755 }]);
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'arm64',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  });
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: ['app:1.0'], Layers: ['layer.tar'] }]);
  writeFileSync(
    join(clone, 'image.tar'),
    tar([
      { name: 'config.json', data: config },
      { name: 'layer.tar', data: layer },
      { name: 'manifest.json', data: manifest },
    ]),
  );
  const blob = (mediaType: string, data: Uint8Array) => ({ mediaType, digest: `sha256:${sha256(data)}`, size: data.length, data });
  const parts = [
    blob('application/vnd.oci.image.config.v1+json', Buffer.from(config)),
    blob('application/vnd.oci.image.layer.v1.tar', layer),
  ] as const;
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const [about, ...layers] = parts.map(({ data, ...descriptor }) => descriptor);
  const served = new Map<string, Uint8Array>([
    ['/v2/app/manifests/1.0', Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, config: about, layers }))],
    ...parts.map(({ digest, data }) => [`/v2/app/blobs/${digest}`, data] as const),
  ]);
  registry = createServer((request, response) => {
    const body = served.get(request.url ?? '');
    response.writeHead(body ? 200 : 404, { 'content-type': type }).end(body);
  });
}

function run(line: string, { typed }: Expectation): Promise<Finished> {
  const command = line.replace(REGISTRY, `127.0.0.1:${(registry.address() as AddressInfo).port}`);
  const [file, args] = typed === undefined ? ['sh', ['-c', command]] : ['script', ['-qec', command, '/dev/null']];
  const env = { ...process.env, XDG_DATA_HOME: xdgDataHome(), XDG_RUNTIME_DIR: join(clone, 'run'), XDG_STATE_HOME: join(clone, 'state') };
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd: clone, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout: stdout.replaceAll('\r', ''), stderr }),
    );
    if (typed === undefined) child.stdin!.end();
    // The prompt says that the shell listens.
    else child.stdout!.once('data', () => child.stdin!.write(typed));
  });
}

beforeAll(async () => {
  symlinkSync(join(ROOT, 'bin'), join(clone, 'bin'));
  makeImage();
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  available = await debianImage();
}, 900_000);

afterAll(async () => {
  await run('node bin/holm.js engine stop', { line: /^/ });
  registry.close();
});

describe('README (what runs debian needs a Debian mirror)', () => {
  test.for(lines)('$ %s', { timeout: 600_000 }, async (line, { skip }) => {
    const expected = EXPECTATIONS.find((one) => one.line.test(line));
    expect(expected, 'every example has an expectation in this test').toBeDefined();
    skip(expected!.debian === true && !available, 'no debian image');
    skip(expected!.typed !== undefined && !hasTerminals, 'no script(1) that gives a terminal');
    const done = await run(line, expected!);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toMatch(expected!.stdout ?? /^/);
    expect(done.stderr).toMatch(expected!.stderr ?? /^/);
  });

  test.for(blocks('ts'))('program %#', async (program, { skip }) => {
    skip(!available, 'no debian image');
    const folder = join(ROOT, '.build/readme');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'program.ts');
    writeFileSync(path, `${program}\nconsole.log(JSON.stringify({ stdout, code }));\n`);
    const done = await run(`${join(ROOT, 'node_modules/.bin/tsx')} ${path}`, { line: /^/ });
    expect([done.stdout, done.code]).toEqual(['{"stdout":"web-1\\n","code":0}\n', 0]);
  });
});
