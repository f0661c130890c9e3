import { describe, expect, test } from 'vitest';
import { AUDIT_ARCH_AARCH64, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP } from '../abi/seccomp.ts';
import { syscallNumbers } from '../abi/syscall_numbers.ts';
import { ClassicProgram, runClassic } from '../kernel/bpf/classic_program.ts';
import { isFilter } from '../kernel/seccomp/check_program.ts';
import { compileProfile, parseProfile, type SeccompArgument, type SeccompProfile } from './seccomp_profile.ts';

const SYS_ADMIN = 1n << 21n;

function ask(profile: SeccompProfile, nr: number, args: readonly bigint[] = [], capabilities = 0n, arch = AUDIT_ARCH_AARCH64): number {
  const program = new ClassicProgram(compileProfile(profile, capabilities));
  expect(isFilter(program)).toBe(true);
  const data = new Uint32Array(16);
  data.set([nr, arch]);
  for (const [i, arg] of args.entries()) data.set([Number(arg & 0xffffffffn), Number(arg >> 32n)], 4 + 2 * i);
  return runClassic(program, data);
}

const HOLDS: Readonly<Record<string, (argument: bigint, value: bigint, two: bigint) => boolean>> = {
  SCMP_CMP_EQ: (a, b) => a === b,
  SCMP_CMP_NE: (a, b) => a !== b,
  SCMP_CMP_LT: (a, b) => a < b,
  SCMP_CMP_LE: (a, b) => a <= b,
  SCMP_CMP_GT: (a, b) => a > b,
  SCMP_CMP_GE: (a, b) => a >= b,
  SCMP_CMP_MASKED_EQ: (a, b, two) => (a & b) === two,
};

describe('seccomp profiles', () => {
  test('compare arguments in 64 bits, whatever the order of their halves', () => {
    const values = [0, 1, 2, 0xffffffff, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 2 ** 52 + 5];
    for (const op of Object.keys(HOLDS)) {
      for (const value of values) {
        for (const valueTwo of op === 'SCMP_CMP_MASKED_EQ' ? values : [0]) {
          const args: SeccompArgument[] = [
            { index: 1, value, valueTwo, op },
            { index: 5, value: 7, op: 'SCMP_CMP_EQ' },
          ];
          const profile: SeccompProfile = {
            defaultAction: 'SCMP_ACT_ALLOW',
            syscalls: [{ names: ['kill'], action: 'SCMP_ACT_TRAP', args }],
          };
          for (const argument of values.map(BigInt)) {
            const wanted = HOLDS[op]!(argument, BigInt(value), BigInt(valueTwo)) ? SECCOMP_RET_TRAP : SECCOMP_RET_ALLOW;
            expect([op, value, argument, ask(profile, syscallNumbers.kill, [0n, argument, 0n, 0n, 0n, 7n])]).toEqual([
              op,
              value,
              argument,
              wanted,
            ]);
            expect(ask(profile, syscallNumbers.kill, [0n, argument, 0n, 0n, 0n, 8n])).toBe(SECCOMP_RET_ALLOW);
          }
        }
      }
    }
  });

  test('allow by name, refuse the rest, and say of newer calls that they are not there', () => {
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 13,
      syscalls: [
        { names: ['read', 'no_such_call', 'openat2'], action: 'SCMP_ACT_ALLOW' },
        { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['umount2'], action: 'SCMP_ACT_ALLOW', excludes: { caps: ['CAP_SYS_ADMIN'] } },
        { names: ['reboot'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['s390x'] } },
        { names: ['acct'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '99.1' } },
      ],
    };
    const { read, mount, umount2, reboot, acct, openat2 } = syscallNumbers;
    const refused = SECCOMP_RET_ERRNO + 13;
    expect([read, mount, umount2, reboot, acct].map((nr) => ask(profile, nr))).toEqual([
      ...[SECCOMP_RET_ALLOW, refused, SECCOMP_RET_ALLOW, refused, refused],
    ]);
    expect([mount, umount2].map((nr) => ask(profile, nr, [], SYS_ADMIN))).toEqual([SECCOMP_RET_ALLOW, refused]);
    expect(ask(profile, openat2 + 1)).toBe(SECCOMP_RET_ERRNO + 38);
    expect(ask(profile, read, [], 0n, 0x40000028)).toBe(SECCOMP_RET_KILL_PROCESS);
  });

  test('take several comparisons of one argument as alternatives', () => {
    const profile = parseProfile(
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ERRNO',
        syscalls: [
          { names: ['personality'], action: 'SCMP_ACT_ALLOW', args: [0, 8].map((value) => ({ index: 0, value, op: 'SCMP_CMP_EQ' })) },
        ],
      }),
    );
    expect([0n, 4n, 8n].map((one) => ask(profile, syscallNumbers.personality, [one]))).toEqual([
      ...[SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO + 1, SECCOMP_RET_ALLOW],
    ]);
  });

  test('that are none are refused', () => {
    for (const text of ['', '[]', '{"syscalls":[]}', 'null']) expect(() => parseProfile(text)).toThrow(/invalid seccomp profile/);
    for (const profile of [
      { defaultAction: 'SCMP_ACT_NOTIFY' },
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['read'], action: 'SCMP_ACT_KILL', args: [{ index: 0, value: 0, op: '<' }] }],
      },
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['read'], action: 'SCMP_ACT_KILL', args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }] }],
      },
    ])
      expect(() => compileProfile(profile, 0n)).toThrow(/invalid seccomp profile/);
  });
});
