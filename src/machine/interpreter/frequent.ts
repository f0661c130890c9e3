/** Which forms are worth a place in the interpreter's main loop. */

import type { Form } from './forms.ts';

/** Rows by name: what compilers emit all the time, whatever the base register. */
const FREQUENT: RegExp =
  /^(adrp?|(add|sub|adds|subs|and|orr|eor|ands)_(imm|reg)|mov[nzk]|[su]?bfm|extr|(bic|orn|bics)_reg|(add|sub|subs|and|orr|eor)_shifted|(add|sub)_extended|ccm[np]_(reg|imm)|cs(el|inc|inv|neg)|(lsl|lsr|asr)v|madd|msub|[su]maddl|umulh|[su]div|clz|rev|rbit|b|bl|b_cond|cbn?z|tbn?z|br|blr|ret|hint|(ld|st)r(b|h|sb|sh|sw|)_[wx]_(imm|reg)|(ld|st)ur(b|h|)_[wx]_unscaled|(ld|st)r(b|h|)_[wx]_(post|pre)|(ld|st)p_[wx]_offset|ldr_[wx]_literal|(ld|st)p_x_(post|pre))$/;

/** … and those that also have sp as their base often. */
const FREQUENT_ON_STACK: RegExp = /^((ld|st)r(b|h|)_[wx]_imm|(ld|st)p_[wx]_(offset|post|pre)|(ld|st)r_x_(post|pre)|ldrsw_x_imm)$/;

/** Loads and stores of vectors and floating-point registers; the second list with sp as their base too. */
const FREQUENT_VECTOR_ACCESS: RegExp = /^((ld|st)r_[bhsdq]|(ld|st)ur_[sdq]|(ld|st)r_(post|pre|lsl)_[sdq]|(ld|st)p_[sdq]|(ld|st)p_(post|pre)_[dq])$/;
const FREQUENT_VECTOR_ACCESS_ON_STACK: RegExp = /^((ld|st)r_[sdq]|(ld|st)p_[dq]|(ld|st)p_(post|pre)_d)$/;

/** What string functions do with whole vectors of bytes. */
const FREQUENT_VECTOR: RegExp =
  /^((cmeq|cmhs|cmtst|umaxp|uminp|addp|and|orr|eor|bic|bsl|bit|bif|cmeq_zero|add)_vector|shrn_b|uminv|umaxv|dup_general_b|umov_[bd]|ext_16b|movi_b|ld1_1(_post)?)$/;
const ofBytes = ({ size = 0, q = 1 }: Readonly<Record<string, number>>, name: string): boolean =>
  size === 0 && (q === 1 || name === 'shrn_b');

export function isFrequent(form: Form): boolean {
  const { template, variants } = form.operation;
  const { name } = template.row;
  if (form.spBase) return FREQUENT_ON_STACK.test(name) || FREQUENT_VECTOR_ACCESS_ON_STACK.test(name);
  return FREQUENT.test(name) || FREQUENT_VECTOR_ACCESS.test(name) || (FREQUENT_VECTOR.test(name) && ofBytes(variants, name));
}
