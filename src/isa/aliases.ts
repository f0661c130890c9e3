/** Aliases that the assembler accepts; the disassembler never prints them. See the Arm Architecture Reference Manual, C6.2. */

const R = '([xw]\\d+|[xw]zr)';
const zero = (register: string): string => (register.startsWith('w') ? 'wzr' : 'xzr');
const width = (register: string): number => (register.startsWith('w') ? 32 : 64);

type Rewrite = (...groups: string[]) => string;
const ALIASES: readonly (readonly [syntax: RegExp, rewrite: Rewrite])[] = (
  [
    ['ret', () => 'ret x30'],
    ['nop', () => 'hint #0x0'],
    [`mov ${R}, ${R}`, (rd, rm) => `orr ${rd}, ${zero(rd!)}, ${rm}`],
    [`mov ${R}, (#?\\d\\w*)`, (rd, value) => `movz ${rd}, ${value}`],
    [`mov (sp|${R}), (sp|${R})`, (rd, _x, rn) => `add ${rd}, ${rn}, #0x0`],
    [`cmp (w?sp|${R}), (.+)`, (rn, _x, rest) => `subs ${rn!.startsWith('w') ? 'wzr' : 'xzr'}, ${rn}, ${rest}`],
    [`cmn ${R}, (.+)`, (rn, rest) => `adds ${zero(rn!)}, ${rn}, ${rest}`],
    [`tst ${R}, (.+)`, (rn, rest) => `ands ${zero(rn!)}, ${rn}, ${rest}`],
    [`neg ${R}, ${R}`, (rd, rm) => `sub ${rd}, ${zero(rd!)}, ${rm}`],
    [`mul ${R}, ${R}, ${R}`, (rd, rn, rm) => `madd ${rd}, ${rn}, ${rm}, ${zero(rd!)}`],
    [`lsr ${R}, ${R}, #(\\d+)`, (rd, rn, count) => `ubfm ${rd}, ${rn}, #${count}, #${width(rd!) - 1}`],
    [`asr ${R}, ${R}, #(\\d+)`, (rd, rn, count) => `sbfm ${rd}, ${rn}, #${count}, #${width(rd!) - 1}`],
    [
      `lsl ${R}, ${R}, #(\\d+)`,
      (rd, rn, count) => `ubfm ${rd}, ${rn}, #${(width(rd!) - Number(count)) % width(rd!)}, #${width(rd!) - 1 - Number(count)}`,
    ],
    [`(ls[lr]|asr) ${R}, ${R}, ${R}`, (name, rd, rn, rm) => `${name}v ${rd}, ${rn}, ${rm}`],
    ['dc zva, (x\\d+)', (rt) => `sys #3, C7, C4, #1, ${rt}`],
  ] satisfies readonly (readonly [string, Rewrite])[]
).map(([syntax, rewrite]) => [new RegExp(`^${syntax}$`), rewrite]);

export function expandAlias(line: string): string {
  for (const [syntax, rewrite] of ALIASES) {
    const match = syntax.exec(line);
    if (match) return rewrite(...match.slice(1));
  }
  return line;
}
