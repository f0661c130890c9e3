import { describe, expect, it } from 'vitest';
import { parseRelations } from './relations.ts';
import { compareVersions, satisfies } from './version.ts';

describe('versions', () => {
  it.each([
    ['1.0', '1.0', 0],
    ['1.0~rc1', '1.0', -1],
    ['1.0', '1.0-1', -1],
    ['1.0-1', '1.0-1+b1', -1],
    ['1:0.1', '2.0', 1],
    ['2.41-12+deb13u5', '2.41-12', 1],
    ['1.10', '1.9', 1],
    ['1.0a', '1.0+', -1],
    ['1.0', '1.00', 0],
    ['0~~', '0~', -1],
    ['1:1.3.dfsg+really1.3.1-1', '1:1.3.dfsg-3', 1],
    ['5.4.0-1~deb13u1', '5.4.0-1', -1],
    ['9', '10', -1],
  ])('%s against %s', (a, b, order) => {
    expect(Math.sign(compareVersions(a, b))).toBe(order);
    expect(Math.sign(compareVersions(b, a))).toBe(order === 0 ? 0 : -order);
  });

  it('knows the operators', () => {
    expect([satisfies('1', '>=', '1'), satisfies('1', '>>', '1'), satisfies('1', '<<', '2'), satisfies('1', '=', '2')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe('relations', () => {
  it('reads alternatives, versions, architectures and qualifiers', () => {
    expect(parseRelations('libc6 (>= 2.38), perl:any | mawk, xx [amd64], yy [!amd64], zz [arm64 riscv64]')).toEqual([
      [{ name: 'libc6', operator: '>=', version: '2.38' }],
      [
        { name: 'perl', operator: null, version: '' },
        { name: 'mawk', operator: null, version: '' },
      ],
      [{ name: 'yy', operator: null, version: '' }],
      [{ name: 'zz', operator: null, version: '' }],
    ]);
    expect(parseRelations('')).toEqual([]);
  });
});
