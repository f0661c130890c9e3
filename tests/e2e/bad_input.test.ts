/** What a user can get wrong: each gives one clear line, docker's exit status, and leaves the store as it was. */

import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, finished, User } from '../support/command.ts';
import { buildElf, type ElfSpec } from '../support/elf_builder.ts';
import { type Member, tar } from '../support/images.ts';

/** movz x0, #7; movz x8, #94; svc #0: exit_group(7). */
const EXIT_7 = { at: 0x100, bytes: new Uint8Array(Uint32Array.of(0xd28000e0, 0xd2800bc8, 0xd4000001).buffer) };
const program = (spec: ElfSpec = {}): Uint8Array => buildElf({ content: [EXIT_7], ...spec });
const EM_X86_64 = 62;

const SHELL: Member = { name: 'bin/sh', data: program(), mode: 0o755 };
const rootfs = (...members: Member[]): Uint8Array => tar([{ name: 'bin/' }, { name: 'etc/' }, SHELL, ...members]);

const user = new User();
const files = join(user.home, 'files');
const holm = (...args: string[]): Promise<Finished> => user.holm(args);
/** Lines of standard error that are not progress. */
const complaints = ({ stderr }: Finished): string[] =>
  stderr.split('\n').filter((line) => line !== '' && !/^[A-Z][a-z ]+( …|:)/.test(line));
const rubbish = (): string[] =>
  ['tmp', 'leases'].flatMap((name) => {
    const path = join(user.home, 'data/holm', name);
    return existsSync(path) ? readdirSync(path) : [];
  });

beforeAll(async () => {
  mkdirSync(files);
  const loaded = await user.holm(['load', '--as', 'tiny', '-'], { input: rootfs() });
  expect(loaded).toMatchObject({ code: 0, stdout: 'Loaded image: tiny:latest\n' });
});

describe('command line', () => {
  it.each<[args: string, code: number, complaint: RegExp]>([
    ['bogus', 125, /unknown command 'bogus'/],
    ['--bogus', 125, /unknown option '--bogus'/],
    ['run', 125, /missing required argument 'image'.*holm help run/],
    ['run --bogus tiny', 125, /unknown option '--bogus'.*holm help run/],
    ['images x', 125, /too many arguments/],
    ['help bogus', 125, /unknown command 'bogus'/],
    ['run --pull never nosuch', 125, /no image "nosuch" here/],
    ['run --pull sometimes tiny', 125, /always, missing or never/],
    ['run UPPER', 125, /not a valid image name: UPPER/],
    ['rmi nosuch', 125, /no such image: nosuch/],
    ['load nosuch.tar', 125, /no such file: nosuch.tar/],
    ['load --as UPPER /dev/null', 125, /not a valid image name: UPPER/],
    ['pull --as UPPER --mirror file:///nowhere debian', 125, /not a valid image name: UPPER/],
    ['pull --mirror file:///nowhere debian', 125, /\/nowhere.* a Debian mirror/],
    ['pull --mirror ftp://x debian', 125, /not a mirror's URL: ftp:\/\/x/],
    ['pull --mirror file:///nowhere --suite A/B debian', 125, /not a suite/],
    ['pull --mirror file:///nowhere --keyring nosuch debian', 125, /no such keyring: nosuch/],
    ['pull --include git 127.0.0.1:1/x', 125, /packages can be included in Debian images only/],
    ['run -v /nosuch:/x tiny', 125, /\/nosuch is not a folder/],
    ['run -v /tmp tiny', 125, /invalid volume "\/tmp"/],
    ['run -v /tmp:/x:zz tiny', 125, /invalid volume mode "zz"/],
    ['run --mount type=volume,target=/x tiny', 125, /type bind or tmpfs/],
    ['run --tmpfs x tiny', 125, /absolute path/],
    ['run --tmpfs /x:size=lots tiny', 125, /invalid size "lots"/],
    ['run --memory lots tiny', 125, /invalid size "lots"/],
    ['run --memory -5 tiny', 125, /invalid size "-5"/],
    ['run --memory 1k tiny', 125, /the least is 6m/],
    ['run --shm-size x tiny', 125, /invalid size "x"/],
    ['run --pids-limit x tiny', 125, /a number is wanted/],
    ['run --pids-limit 1.5 tiny', 125, /a whole number is wanted/],
    ['run --cpus -1 tiny', 125, /share of the processor "-1"/],
    ['run -e =x tiny', 125, /invalid environment variable "=x"/],
    ['run -u nobody tiny', 125, /unable to find user nobody/],
    ['run -u 99999999999 tiny', 125, /ids are 0 to/],
    ['run -u 0:nogroup tiny', 125, /unable to find group nogroup/],
    ['run -w here tiny', 125, /invalid working directory "here"/],
    ['run -w /bin/sh tiny', 125, /cannot use \/bin\/sh as working directory: not a directory/],
    [`run --hostname ${'a'.repeat(65)} tiny`, 125, /invalid host name/],
    ['run --name ! tiny', 125, /invalid container name "!"/],
    ['run --stop-signal NONE tiny', 125, /invalid signal: NONE/],
    ['run --network bridge tiny', 125, /invalid --network "bridge"/],
    ['run --ipc container:x tiny', 125, /no container is called "x"/],
    ['run --cap-add FLY tiny', 125, /unknown capability "FLY"/],
    ['run --sysctl vm.swappiness=1 tiny', 125, /not in a separate kernel namespace/],
    ['run --security-opt x tiny', 125, /invalid --security-opt "x"/],
    ['run -it tiny', 1, /not a terminal/],
    ['run tiny nosuch', 127, /cannot run "nosuch": executable file not found in \$PATH/],
    ['run tiny /nosuch', 127, /cannot run "\/nosuch": no such file or directory/],
    ['run tiny /etc', 126, /cannot run "\/etc": permission denied/],
  ])('holm %s', async (args, code, complaint) => {
    const done = await holm(...args.split(' '));
    expect(complaints(done)).toEqual([expect.stringMatching(complaint)]);
    expect([done.code, done.stdout]).toEqual([code, '']);
    expect(complaints(done)[0]).toMatch(/^holm: /);
    expect(rubbish()).toEqual([]);
  });

  it('inspect prints the array of what it has found, as docker does', async () => {
    const done = await holm('inspect', 'nosuch');
    expect([complaints(done), done.code, done.stdout]).toEqual([['holm: no container or image is called "nosuch"'], 1, '[]\n']);
  });

  it('a store that cannot be made', async () => {
    const done = await user.holm(['load', '--as', 'x', '-'], { input: rootfs(), env: { XDG_DATA_HOME: '/dev/null/x' } });
    expect([complaints(done), done.code]).toEqual([[expect.stringMatching(/^holm: \/dev\/null\/x\/holm: .*not a directory/)], 125]);
  });

  it('has meaning where docker has: empty values, zero for no limit', async () => {
    const done = await holm(...'run -w  -u  --hostname  --memory 0 --cpus 0 --pids-limit -1 tiny'.split(' '));
    expect([done.code, done.stderr]).toEqual([7, '']);
  });

  it('shows help without an error', async () => {
    for (const args of [[], ['--help'], ['help'], ['help', 'run'], ['run', '--help'], ['pull', '-h']]) {
      const done = await holm(...args);
      expect([done.code, done.stderr]).toEqual([0, '']);
      expect(done.stdout).toMatch(/^Usage: holm/);
    }
  });
});

describe('programs', () => {
  const volume = ['run', '--rm', '-v', `${files}:/x:ro`, 'tiny'];
  const run = async (content: Uint8Array | string): Promise<Finished> => {
    writeFileSync(join(files, 'program'), content);
    chmodSync(join(files, 'program'), 0o755);
    return holm(...volume, '/x/program');
  };

  it('runs a good one', async () => {
    expect(await run(program())).toMatchObject({ code: 7, stderr: '' });
  });

  it.each<[string, Uint8Array | string, RegExp]>([
    ['an empty file', '', /exec format error: not a program for linux\/arm64/],
    ['text', 'hello', /exec format error: not a program/],
    ['the beginning of a header', program().subarray(0, 20), /exec format error: not a program/],
    ['no program headers', program().subarray(0, 70), /exec format error: not a program/],
    ['x86-64', program({ machine: EM_X86_64 }), /a program for linux\/amd64; ask for the linux\/arm64 platform/],
    ['RISC-V', program({ machine: 243 }), /a program for linux\/riscv64; ask for the linux\/arm64 platform/],
    ['an object file', program({ type: 1 }), /exec format error/],
    ['65,535 program headers', program({ phnum: 0xffff }), /exec format error/],
    ['a segment in the kernel', program({ segments: [{ type: 1, flags: 5, vaddr: 2 ** 52, filesz: 4096, memsz: 4096 }] }), /damaged/],
    [
      'more file than there is',
      program({ segments: [{ type: 1, flags: 5, vaddr: 0x400000, filesz: 2 ** 50, memsz: 2 ** 50 }] }),
      /damaged/,
    ],
    ['more file than memory', program({ segments: [{ type: 1, flags: 5, vaddr: 0x400000, filesz: 8192, memsz: 4096 }] }), /damaged/],
  ])('%s: 126', async (_, content, complaint) => {
    const done = await run(content);
    expect(complaints(done)).toEqual([expect.stringMatching(complaint)]);
    expect(done.code).toBe(126);
  });

  it.each<[string, string, number]>([
    ['a script without interpreter', '#!/no/such\n', 127],
    ['a script that is its own interpreter', '#!/x/program\n', 126],
    ['a script with a folder as interpreter', '#!/etc\n', 126],
  ])('%s: %s', async (_, content, code) => {
    const done = await run(content);
    expect([complaints(done).length, done.code]).toEqual([1, code]);
  });
});

describe('archives', () => {
  const good = rootfs();
  it.each<[string, Uint8Array, RegExp]>([
    ['text', Buffer.alloc(2000, 'hello'), /cannot load standard input: tar header has a wrong checksum/],
    ['nothing', new Uint8Array(0), /tar archive is empty/],
    ['a truncated archive', good.subarray(0, 3000), /tar archive is truncated/],
    ['truncated gzip', gzipSync(good).subarray(0, -30), /gzip archive is damaged or truncated/],
    ['a name with ..', rootfs({ name: '../../etc/passwd', data: 'x' }), /leads out of it/],
    ['a hard link out', rootfs({ name: 'h', type: 'hardlink', linkName: '../../etc/passwd' }), /leads out of it/],
    ['a hard link to nothing', rootfs({ name: 'h', type: 'hardlink', linkName: 'nothing' }), /does not hold/],
    ['a name of 300 bytes', rootfs({ name: 'n'.repeat(300) }), /bad name/],
    ['a file below a file', rootfs({ name: 'bin/sh/x' }), /no directory: bin\/sh/],
    ['another machine', tar([{ name: 'bin/sh', data: program({ machine: EM_X86_64 }) }]), /is for linux\/amd64; ask for its linux\/arm64/],
  ])('refuses %s', async (_, input, complaint) => {
    const done = await user.holm(['load', '--as', 'bad', '-'], { input });
    expect(complaints(done)).toEqual([expect.stringMatching(complaint)]);
    expect(done.code).toBe(125);
    expect(rubbish()).toEqual([]);
    expect((await holm('images', '-q')).stdout.trim().split('\n')).toHaveLength(1);
  });

  it.each<[string, Member[]]>([
    ['absolute names', [{ name: '/etc/absolute', data: 'x' }]],
    [
      'links out of the root',
      [
        { name: 'out', type: 'symlink', linkName: user.home },
        { name: 'out/escaped', data: 'x' },
      ],
    ],
    ['device nodes', [{ name: 'sda', type: 'blk', devMajor: 8 }]],
    ['long names', [{ name: `${'d/'.repeat(500)}f` }, { name: 'n'.repeat(255) }]],
  ])('keeps %s inside', async (_, members) => {
    const loaded = await user.holm(['load', '--as', 'odd', '-'], { input: rootfs(...members) });
    expect([loaded.code, loaded.stdout]).toEqual([0, 'Loaded image: odd:latest\n']);
    expect(existsSync(join(user.home, 'escaped')) || existsSync('/etc/absolute')).toBe(false);
    expect((await holm('run', '--rm', 'odd')).code).toBe(7);
    expect((await holm('rmi', 'odd')).code).toBe(0);
  });
});

describe('interrupted', () => {
  let server: Server;
  let asked: () => void = () => undefined;

  beforeAll(async () => {
    server = createServer(() => asked()); // and never answers
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('a pull ends on %s', async (signal) => {
    const wanted = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const child = user.start(['pull', '--mirror', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'debian']);
    const done = finished(child);
    await wanted;
    child.kill(signal);
    expect([complaints(await done), (await done).code]).toEqual([[expect.stringMatching(/^holm: interrupted/)], 130]);
    expect(rubbish()).toEqual([]);
  });

  it('a killed load leaves a whole store', async () => {
    const child = user.start(['load', '--as', 'killed', '-']);
    const done = finished(child);
    child.stdin!.on('error', () => undefined);
    child.stdin!.write(rootfs({ name: 'large', data: new Uint8Array(1 << 20) }).subarray(0, 1 << 20));
    while (rubbish().length === 0) await delay(10);
    child.kill('SIGKILL');
    expect((await done).code).toBe(null);
    expect((await holm('run', '--rm', 'tiny')).code).toBe(7);
    expect((await holm('images')).stdout).not.toContain('killed');
    expect((await user.holm(['load', '--as', 'killed', '-'], { input: rootfs() })).code).toBe(0);
    expect(rubbish()).toEqual([]);
    expect((await holm('rmi', 'killed')).code).toBe(0);
  });

  it('a reader that goes away is no failure', async () => {
    const child = user.start(['help', 'run']);
    const done = finished(child);
    child.stdout!.destroy();
    expect((await done).stderr).toBe('');
  });
});
