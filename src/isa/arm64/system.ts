/** Hints, barriers, cache operations and system registers that user code may reach. See the Arm Architecture Reference Manual, C4.1.94 and C5. */

import type { Immediate } from '../immediate.ts';
import { insn, type Row } from '../insn.ts';

/** CNTFRQ_EL0: the counter counts nanoseconds. */
const COUNTER_FREQUENCY = 1_000_000_000;
/** CTR_EL0: cache lines of 64 bytes, instruction caches need IC IVAU and DC CVAU. */
const CACHE_TYPE = 0x8444c004;
/** DCZID_EL0: DC ZVA clears 64 bytes. */
const ZERO_BLOCK = 4;

/** Bits of FPCR that exist: AHP, DN, FZ, RMode. */
const FPCR_BITS = 0x07c00000;
/** Bits of FPSR that exist: NZCV (of AArch32), QC, IDC, IXC, UFC, OFC, DZC, IOC. */
const FPSR_BITS = 0xf800009f;

/**
 * The identification registers that Linux emulates for user space, by CRm and op2; what is not listed reads as zero.
 * Linux: Documentation/arch/arm64/cpu-feature-registers.rst.
 */
const ID_REGISTERS: Readonly<Record<string, bigint>> = {
  '0:0': 0x000f_0000n, // MIDR_EL1: implementer 0 (software), architecture by ID registers
  '0:5': 0x8000_0000n, // MPIDR_EL1
  '0:6': 0n, // REVIDR_EL1
  '4:0': 0x11n, // ID_AA64PFR0_EL1: EL0 and EL1 in AArch64, floating point and Advanced SIMD without half precision
  '5:0': 0x6n, // ID_AA64DFR0_EL1
  '6:0': 0x0000_1000_0021_0000n, // ID_AA64ISAR0_EL1: CRC32, atomics, dot product
  '6:1': 0x0010_0000n, // ID_AA64ISAR1_EL1: LDAPR
  '7:0': 0xff00_0000n, // ID_AA64MMFR0_EL1
};

/** Their names, by CRm and then op2; those without a name are written by number. */
const ID_NAMES: readonly (readonly string[])[] = [
  ['midr', '', '', '', 'mpuir', 'mpidr', 'revidr'],
  ['id_pfr0', 'id_pfr1', 'id_dfr0', 'id_afr0', 'id_mmfr0', 'id_mmfr1', 'id_mmfr2', 'id_mmfr3'],
  ['id_isar0', 'id_isar1', 'id_isar2', 'id_isar3', 'id_isar4', 'id_isar5', 'id_mmfr4', 'id_isar6'],
  ['mvfr0', 'mvfr1', 'mvfr2', '', 'id_pfr2', 'id_dfr1', 'id_mmfr5'],
  ['id_aa64pfr0', 'id_aa64pfr1', '', '', 'id_aa64zfr0', 'id_aa64smfr0'],
  ['id_aa64dfr0', 'id_aa64dfr1', '', '', 'id_aa64afr0', 'id_aa64afr1'],
  ['id_aa64isar0', 'id_aa64isar1', 'id_aa64isar2'],
  ['id_aa64mmfr0', 'id_aa64mmfr1', 'id_aa64mmfr2'],
];
const ID_CHOICES: string = ID_NAMES.flatMap((names, crm) =>
  Array.from({ length: 8 }, (_, op2) => (names[op2] ? `${names[op2]}_el1` : `s3_0_c0_c${crm}_${op2}`)),
).join('|');

const idRegister: Immediate<'i64'> = {
  name: 'id register',
  type: 'i64',
  bytes: 8,
  from: ['crm', 'op2'],
  decode: (crm, op2) => ID_REGISTERS[`${crm}:${op2}`] ?? (crm === 0 || crm === 1 ? undefined : 0n),
  encode: () => undefined,
};

const MRS = '1101010100 1 1';
const MSR = '1101010100 0 1';
/** o0 op1 CRn CRm op2. */
const NZCV = '1 011 0100 0010 000';
const FPCR = '1 011 0100 0100 000';
const FPSR = '1 011 0100 0100 001';
const TPIDR = '1 011 1101 0000 010';

/** DC and IC by virtual address: SYS instructions with op1 = 3, CRn = 7. */
const cache = (crm: string, op2: string): string => `1101010100 0 01 011 0111 ${crm} ${op2} rt`;

const sysSyntax = (crm: string): string => `sys #3, C7, C${Number.parseInt(crm, 2)}, #1<, {rt:x}>`;

/** A register that never changes. */
const constant = (name: string, encoding: string, value: number): Row =>
  insn(`mrs_${name}`, `${MRS} ${encoding} rt`, `mrs {rt:x}, ${name}`, {}, (s, o) => {
    s.i64.set(o.rt, s.i64.const(value));
  });

/** A cache operation that does nothing here but needs a readable address. */
const maintenance = (name: string, crm: string): Row =>
  insn(`dc_${name}`, cache(crm, '001'), sysSyntax(crm), {}, (s, o) => {
    s.readable(s.i64.get(o.rt), 1);
  });

function domainName(domain: string, kind: string, crm: number): string {
  if (kind === '') return `#0x${crm.toString(16).padStart(2, '0')}`;
  return domain === '' ? (kind === 'sy' ? 'sy' : kind) : `${domain}${kind === 'sy' ? '' : kind}`;
}

/** A barrier's domain; ISB and CLREX only know the whole system, which is left out. */
const UNLESS_ALL: string = `{crm:${Array.from({ length: 15 }, (_, crm) => ` #0x${crm.toString(16)}`).join('|')}|}`;
const DOMAIN: string = ` {crm:${['osh', 'nsh', 'ish', ''].flatMap((name, i) => ['', 'ld', 'st', 'sy'].map((kind, j) => domainName(name, kind, 4 * i + j))).join('|')}}`;
const barrier = (name: string, op2: string, domain: string): Row =>
  insn(name, `1101010100 0 00 011 0011 crm:4 ${op2} 11111`, `${name}${domain}`, {}, () => {});

export const system: readonly Row[] = [
  insn('yield', '1101010100 0 00 011 0010 0000 001 11111', 'hint #0x1', {}, (s) => {
    s.yield();
  }),
  insn('wfe', '1101010100 0 00 011 0010 0000 010 11111', 'hint #0x2', {}, (s) => {
    s.yield();
  }),
  insn('wfi', '1101010100 0 00 011 0010 0000 011 11111', 'hint #0x3', {}, (s) => {
    s.yield();
  }),
  // All other hints, those of pointer authentication and branch targets among them, do nothing.
  insn('hint', '1101010100 0 00 011 0010 crm:4 op2:3 11111', 'hint #{crm.op2:x}', {}, () => {}),
  insn('clrex', '1101010100 0 00 011 0011 crm:4 010 11111', `clrex${UNLESS_ALL}`, {}, (s) => {
    s.clearExclusive();
  }),
  barrier('dsb', '100', DOMAIN),
  barrier('dmb', '101', DOMAIN),
  barrier('isb', '110', UNLESS_ALL),

  insn('dc_zva', cache('0100', '001'), sysSyntax('0100'), {}, (s, o) => {
    const block = s.writable(s.i64.and(s.i64.get(o.rt), s.i64.const(-64)), 64);
    for (let offset = 0; offset < 64; offset += 16) s.store128(block, offset, s.v128.const(0n));
    s.commit(block);
  }),
  maintenance('cvac', '1010'),
  maintenance('cvau', '1011'),
  maintenance('civac', '1110'),
  insn('ic_ivau', cache('0101', '001'), sysSyntax('0101'), {}, (s, o) => {
    const address = s.i64.get(o.rt);
    s.readable(address, 1);
    s.invalidateCode(address);
  }),

  insn('mrs_nzcv', `${MRS} ${NZCV} rt`, 'mrs {rt:x}, nzcv', {}, (s, o) => {
    s.i32.set(o.rt, s.nzcv());
  }),
  insn('msr_nzcv', `${MSR} ${NZCV} rt`, 'msr nzcv, {rt:x}', {}, (s, o) => {
    s.setNzcv(s.i32.and(s.i32.get(o.rt), s.i32.const(0xf0000000)));
  }),
  insn('mrs_fpcr', `${MRS} ${FPCR} rt`, 'mrs {rt:x}, fpcr', {}, (s, o) => {
    s.i32.set(o.rt, s.fpcr());
  }),
  insn('msr_fpcr', `${MSR} ${FPCR} rt`, 'msr fpcr, {rt:x}', {}, (s, o) => {
    s.setFpcr(s.i32.and(s.i32.get(o.rt), s.i32.const(FPCR_BITS)));
  }),
  insn('mrs_fpsr', `${MRS} ${FPSR} rt`, 'mrs {rt:x}, fpsr', {}, (s, o) => {
    s.i32.set(o.rt, s.fpsr());
  }),
  insn('msr_fpsr', `${MSR} ${FPSR} rt`, 'msr fpsr, {rt:x}', {}, (s, o) => {
    s.setFpsr(s.i32.and(s.i32.get(o.rt), s.i32.const(FPSR_BITS)));
  }),
  insn('mrs_tpidr_el0', `${MRS} ${TPIDR} rt`, 'mrs {rt:x}, tpidr_el0', {}, (s, o) => {
    s.i64.set(o.rt, s.tpidr());
  }),
  insn('msr_tpidr_el0', `${MSR} ${TPIDR} rt`, 'msr tpidr_el0, {rt:x}', {}, (s, o) => {
    s.setTpidr(s.i64.get(o.rt));
  }),
  insn('mrs_cntvct_el0', `${MRS} 1 011 1110 0000 010 rt`, 'mrs {rt:x}, cntvct_el0', {}, (s, o) => {
    s.i64.set(o.rt, s.counter());
  }),
  constant('tpidrro_el0', '1 011 1101 0000 011', 0),
  constant('cntfrq_el0', '1 011 1110 0000 000', COUNTER_FREQUENCY),
  constant('ctr_el0', '1 011 0000 0000 001', CACHE_TYPE),
  constant('dczid_el0', '1 011 0000 0000 111', ZERO_BLOCK),
  insn(
    'mrs_id',
    `${MRS} 1 000 0000 crm:4 op2:3 rt`,
    `mrs {rt:x}, {crm.op2:${ID_CHOICES}}`,
    { value: idRegister },
    (s, o) => {
      s.i64.set(o.rt, o.value);
    },
    (f) => f['crm']! < 8,
  ),
];
