/** The engine in the background: containers that several commands share, on a store of its own. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, User } from '../support/command.ts';
import { debianImage, xdgDataHome } from '../support/debian_image.ts';

const user = new User({ HOLM_STANDALONE: '', XDG_DATA_HOME: xdgDataHome() });
let available = false;

beforeAll(async () => {
  available = await debianImage();
}, 900_000);

afterAll(async () => {
  if (available) await user.holm(['engine', 'stop']);
});

const holm = (...args: string[]): Promise<Finished> => user.holm(args);
const words = (text: string): string[] => text.trim().split(/\s+/);

describe('engine (needs a Debian mirror)', () => {
  it('runs a command, hands its output and its status over, and forgets it', async (context) => {
    context.skip(!available, 'no debian image');
    const { code, stdout, stderr } = await holm('run', '--rm', 'debian', 'sh', '-c', 'echo out; echo err >&2; exit 3');
    expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
    expect((await holm('ps', '-aq')).stdout).toBe('');
  });

  it('loses no output', async (context) => {
    context.skip(!available, 'no debian image');
    const { stdout } = await holm('run', '--rm', 'debian', 'seq', '200000');
    expect(stdout).toBe(Array.from({ length: 200000 }, (_, i) => `${i + 1}\n`).join(''));
  });

  it('keeps a container for the commands that follow', async (context) => {
    context.skip(!available, 'no debian image');
    const started = await holm(
      'run',
      '-d',
      '--name',
      'first',
      '--ipc',
      'shareable',
      '-e',
      'A=1',
      'debian',
      'sh',
      '-c',
      'echo up; echo $A; cat',
    );
    expect(started).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    // cat reads end of file: nothing keeps it.
    expect((await holm('wait', 'first')).stdout).toBe('0\n');
    expect((await holm('logs', 'first')).stdout).toBe('up\n1\n');
    expect((await holm('logs', '--tail', '1', 'first')).stdout).toBe('1\n');
    expect((await holm('ps', '-a', '--format', '{{.Names}} {{.State}}')).stdout).toBe('first exited\n');
    expect(await holm('run', '--rm', '--name', 'first', 'debian', 'true')).toMatchObject({ code: 125 });
    expect((await holm('rm', 'first')).stdout).toBe('first\n');
    expect(await holm('logs', 'first')).toMatchObject({ code: 1, stderr: expect.stringContaining('first') });
  });

  it('executes in running containers, and shares their namespaces when asked', async (context) => {
    context.skip(!available, 'no debian image');
    await holm('run', '-d', '--name', 'a1', '--hostname', 'alpha', '--ipc', 'shareable', 'debian', 'sleep', '1000');
    await holm('run', '-d', '--name', 'b1', 'debian', 'sleep', '2000');
    expect(await holm('exec', 'a1', 'sh', '-c', 'uname -n; ipcmk -Q >/dev/null; exit 5')).toMatchObject({ code: 5, stdout: 'alpha\n' });
    expect((await user.holm(['exec', '-i', 'a1', 'tr', 'a-z', 'A-Z'], { input: 'hello' })).stdout).toBe('HELLO');
    const look = ['sh', '-c', 'ps -eo args= | grep -c "^sleep [12]000"; ipcs -q | grep -c "^0x"; :'];
    expect(words((await holm('exec', 'b1', ...look)).stdout)).toEqual(['1', '0']);
    expect(words((await holm('run', '--rm', 'debian', ...look)).stdout)).toEqual(['0', '0']);
    const joined = await holm('run', '--rm', '--pid', 'container:a1', '--ipc', 'container:a1', 'debian', ...look);
    expect(words(joined.stdout)).toEqual(['1', '1']);
    expect(await holm('run', '--rm', '--ipc', 'container:b1', 'debian', 'true')).toMatchObject({ code: 125 });
    expect((await holm('top', 'a1', '-o', 'args')).stdout).toContain('sleep 1000');
    expect((await holm('stop', '-t', '0', 'a1')).stdout).toBe('a1\n');
    expect((await holm('rm', '-f', 'a1', 'b1')).stdout).toBe('a1\nb1\n');
  });

  it('starts a container again with what it has written', async (context) => {
    context.skip(!available, 'no debian image');
    await holm('create', '--name', 'again', 'debian', 'sh', '-c', 'echo x >>/count; wc -l </count');
    for (const count of ['1\n', '2\n', '3\n']) expect((await holm('start', '-a', 'again')).stdout).toBe(count);
    await holm('rm', 'again');
  });

  it('freezes and thaws', async (context) => {
    context.skip(!available, 'no debian image');
    await holm('run', '-d', '--name', 'frozen', 'debian', 'sh', '-c', 'while :; do echo tick; sleep 0.05; done');
    expect(await holm('pause', 'frozen')).toMatchObject({ code: 0, stdout: 'frozen\n' });
    expect((await holm('ps', '--format', '{{.Names}} {{.State}} {{.Status}}')).stdout).toMatch(/^frozen paused Up .* \(Paused\)\n$/);
    const ticks = async (): Promise<number> => words((await holm('logs', 'frozen')).stdout).length;
    const before = await ticks();
    expect(await holm('exec', 'frozen', 'true')).toMatchObject({ code: 1, stderr: expect.stringContaining('unpause it first') });
    expect(await ticks()).toBe(before);
    expect(await holm('pause', 'frozen')).toMatchObject({ code: 1 });
    expect(await holm('unpause', 'frozen')).toMatchObject({ code: 0, stdout: 'frozen\n' });
    while ((await ticks()) === before);
    await holm('pause', 'frozen');
    expect((await holm('kill', 'frozen')).code).toBe(0);
    expect((await holm('wait', 'frozen')).stdout).toBe('137\n');
    expect(await holm('unpause', 'frozen')).toMatchObject({ code: 1 });
    expect((await holm('inspect', '-f', '{{.State.Status}}', 'frozen')).stdout).toBe('exited\n');
    await holm('rm', 'frozen');
  });

  it('tells what containers use, and changes what they may use', async (context) => {
    context.skip(!available, 'no debian image');
    await holm('run', '-d', '--name', 'limited', '--memory', '64m', '--pids-limit', '20', 'debian', 'sleep', '1000');
    const shown = (await holm('stats', '--no-stream', 'limited')).stdout.split('\n')[1]!;
    expect(shown).toMatch(/^[0-9a-f]{12} +limited +0\.\d\d% +[\d.]+[KM]iB \/ 64MiB +\d+\.\d\d% +1$/);
    expect(await holm('update', '--memory', '32m', '--cpus', '0.5', 'limited')).toMatchObject({ code: 0, stdout: 'limited\n' });
    const files = await holm('exec', 'limited', 'sh', '-c', 'cd /sys/fs/cgroup && cat memory.max pids.max cpu.max');
    expect(files.stdout).toBe(`${32 * 1024 * 1024}\n20\n50000 100000\n`);
    expect((await holm('update', '--memory', '1m', 'limited')).code).not.toBe(0);
    const greedy = ['exec', 'limited', 'perl', '-e', '$x = "a" x 64000000'];
    expect((await holm(...greedy)).code).toBe(137);
    await holm('rm', '-f', 'limited');
  });

  it('ends', async (context) => {
    context.skip(!available, 'no debian image');
    expect((await holm('engine', 'status')).stdout).toContain('running');
    expect((await holm('engine', 'stop')).code).toBe(0);
  });
});
