/** Which forms are worth a place in the interpreter's main loop: what compilers emit all the time, and what string functions do. */

import type { Operation } from '../../isa/operation.ts';
import type { Base } from '../wasm/trace.ts';

/** Matches any of the row names, each a regular expression. */
const rows = (names: string): RegExp => new RegExp(`^(${names.trim().split(/\s+/).join('|')})$`);

const INTEGER: RegExp = rows(`
  adrp? mov[nzk] (add|adds|sub|subs|and|ands|orr|eor)_(imm|reg) (bic|bics|orn)_reg (add|sub|subs|and|orr|eor)_shifted (add|sub|subs)_extended
  [su]?bfm extr (lsl|lsr|asr)v clz rev rbit madd msub [su]maddl umulh [su]div ccm[np]_(reg|imm) cs(el|inc|inv|neg)
  b bl b_cond cbn?z tbn?z br blr ret hint mrs_tpidr_el0 cas_2 swp_2 ldar_[23] stlr_[23]
`);

const ACCESS: RegExp = rows(`
  (ld|st)r(b|h|)_[wx]_(imm|reg|post|pre) ldrs[bhw]_[wx]_(imm|reg) (ld|st)ur(b|h|)_[wx]_unscaled ldr_[wx]_literal (ld|st)p_[wx]_offset
  (ld|st)p_x_(post|pre) (ld|st)r_[bhsdq] (ld|st)ur_[sdq] (ld|st)r_(post|pre|lsl)_[sdq] (ld|st)p_[sdq] (ld|st)p_(post|pre)_[dq]
`);

const ACCESS_ON_STACK: RegExp = rows(`
  (ld|st)r(b|h|)_[wx]_imm ldrsw_x_imm (ld|st)r_x_(post|pre) (ld|st)p_[wx]_(offset|post|pre)
  (ld|st)r_[sdq] (ld|st)p_[dq] (ld|st)p_(post|pre)_d
`);

const FLOAT: RegExp = rows(`
  f(add|sub|mul|div|nmul|abs|neg|sqrt|mov)_scalar fn?m(add|sub) fcmpe?(_zero)? fcsel fcvt_[sd]_[sd] fmov_(s_w|w_s|d_x|x_d|imm_[sd])
  [su]cvtf_general fcvtz[su]_general [su]cvtf_scalar_fp
`);

/** On vectors of sixteen bytes. */
const VECTOR: RegExp = rows(`
  (cmeq|cmhs|cmtst|umaxp|uminp|addp|and|orr|eor|bic|bsl|bit|bif|cmeq_zero|add)_vector shrn_b uminv umaxv dup_general_b umov_[bd]
  ext_16b movi_b ld1_1(_post)?
`);
const ofBytes = ({ size = 0, q = 1 }: Readonly<Record<string, number>>, name: string): boolean =>
  size === 0 && (q === 1 || /^(shrn_b|cmeq_zero_vector)$/.test(name));

export function isFrequent({ template, variants }: Operation, base: Base): boolean {
  const { name } = template.row;
  if (base === 'sp') return ACCESS_ON_STACK.test(name);
  return INTEGER.test(name) || ACCESS.test(name) || FLOAT.test(name) || (VECTOR.test(name) && ofBytes(variants, name));
}
