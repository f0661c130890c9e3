import { describe, expect, it } from 'vitest';
import { optionsFromJson, optionsToJson } from './container_config.ts';
import { elapsed } from './elapsed.ts';
import { parseDetachKeys } from './input.ts';
import { LineSplitter } from './log.ts';
import { demultiplex, FrameParser, frame, STDERR, STDOUT } from './multiplex.ts';
import { route, routed } from './route.ts';
import { top } from './top.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

describe('frames', () => {
  const stream = new Uint8Array([...frame(STDOUT, bytes('one')), ...frame(STDERR, bytes('')), ...frame(STDERR, bytes('two'))]);

  it('come apart wherever the stream is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const parser = new FrameParser();
      const got = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((part) =>
        [...parser.push(part)].map((f) => [f.stream, text(f.data)]),
      );
      expect(got).toEqual([
        [STDOUT, 'one'],
        [STDERR, ''],
        [STDERR, 'two'],
      ]);
    }
  });

  it('become two streams', async () => {
    const { stdout, stderr } = demultiplex(new Blob([stream]).stream());
    expect(await Promise.all([new Response(stdout).text(), new Response(stderr).text()])).toEqual(['one', 'two']);
  });
});

describe('logs', () => {
  it('keep lines, whatever the chunks, and cut long ones', () => {
    const lines = new LineSplitter(STDOUT);
    const got = ['a', 'b\nc\n\nd', 'x'.repeat(40000), '\n', 'end'].flatMap((chunk) => lines.push(bytes(chunk), 7));
    got.push(...lines.flush());
    expect(got.map(({ data }) => data.length)).toEqual([3, 2, 1, 16384, 16384, 40002 - 32768, 3]);
    expect(got.every(({ stream, time }) => stream === STDOUT && time === 7)).toBe(true);
    expect(lines.flush()).toEqual([]);
  });
});

describe('requests', () => {
  it('find their route', () => {
    const routes = [route('GET /containers/{}/json', () => ({ status: 200 })), route('GET /images/{*}/json', () => ({ status: 201 }))];
    expect(routed(routes, 'GET', '/containers/a%20b/json')?.parameters).toEqual(['a b']);
    expect(routed(routes, 'GET', '/images/library/debian/json')?.parameters).toEqual(['library/debian']);
    expect(routed(routes, 'POST', '/containers/a/json')).toBeNull();
    expect(routed(routes, 'GET', '/containers/a/b/json')).toBeNull();
  });

  it('carry options there and back', () => {
    const options = {
      image: 'debian',
      name: 'n1',
      command: ['a', 'b'],
      entrypoint: [],
      env: { A: '1=2' },
      hostname: 'h',
      tty: true,
      stdin: true,
      readOnly: true,
      privileged: true,
      memory: 1 << 26,
      cpus: 0.5,
      pidsLimit: 5,
      shmSize: 1 << 20,
      ipc: 'shareable',
      pid: 'container:x',
      network: 'none',
      capAdd: ['ALL'],
      capDrop: ['CHOWN'],
      sysctls: { 'kernel.msgmax': '1' },
      noNewPrivileges: true,
      volumes: [{ source: '/a', destination: '/b', readOnly: true }],
      tmpfs: { '/t': 'size=1m' },
      labels: { l: 'v' },
    };
    expect(optionsFromJson(optionsToJson(options, false), 'n1')).toEqual(options);
    expect(() => optionsFromJson({ Image: 'x', HostConfig: { SecurityOpt: ['apparmor=foo'] } }, null)).toThrow(/invalid --security-opt/);
    expect(() => optionsFromJson({}, null)).toThrow(/no image/);
  });

  it('name keys', () => {
    expect([...parseDetachKeys(null)]).toEqual([16, 17]);
    expect([...parseDetachKeys('ctrl-a,d')]).toEqual([1, 100]);
    expect(() => parseDetachKeys('ctrl-1')).toThrow();
  });
});

describe('people', () => {
  it.each([
    [0, 'Less than a second'],
    [1000, '1 second'],
    [59_000, '59 seconds'],
    [60_000, 'About a minute'],
    [120_000, '2 minutes'],
    [3_600_000, 'About an hour'],
    [47 * 3_600_000, '47 hours'],
    [3 * 86_400_000, '3 days'],
    [21 * 86_400_000, '3 weeks'],
    [90 * 86_400_000, '3 months'],
    [800 * 86_400_000, '2 years'],
  ])('are told %i ms as %s', (milliseconds, expected) => {
    expect(elapsed(milliseconds)).toBe(expected);
  });

  it('see processes in the columns of ps', () => {
    const process = {
      ...{
        pid: 5,
        parent: 1,
        user: 0,
        group: 0,
        state: 'S',
        nice: 0,
        threads: 1,
        started: 0,
        used: 3_725e9,
        virtual: 4096,
        resident: 2048,
      },
      ...{ terminal: 'pts/0', comm: 'sh', argv: ['sh', '-c', 'x'] },
    };
    const clock = { monotonic: 7_450e9, now: Date.UTC(2026, 0, 1, 12, 0) };
    expect(top([process], '-o pid,user,time,tty,rss,args', clock)).toEqual({
      Titles: ['PID', 'USER', 'TIME', 'TTY', 'RSS', 'COMMAND'],
      Processes: [['5', 'root', '01:02:05', 'pts/0', '2', 'sh -c x']],
    });
    expect(top([process], '', clock).Titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    expect(() => top([process], '-o foo', clock)).toThrow(/foo/);
    expect(() => top([process], '--weird', clock)).toThrow(/not supported/);
  });
});
