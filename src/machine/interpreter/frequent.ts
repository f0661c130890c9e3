/** Which forms are worth a place in the interpreter's main loop. */

import type { Form } from './forms.ts';

/** Rows by name: what compilers emit all the time, whatever the base register. */
const FREQUENT: RegExp =
  /^(adrp?|(add|sub|adds|subs|and|orr|eor|ands)_(imm|reg)|mov[nzk]|[su]?bfm|extr|(bic|orn|bics)_reg|(add|sub|subs|and|orr|eor)_shifted|(add|sub)_extended|ccm[np]_(reg|imm)|cs(el|inc|inv|neg)|(lsl|lsr|asr)v|madd|msub|[su]maddl|umulh|[su]div|clz|rev|rbit|b|bl|b_cond|cbn?z|tbn?z|br|blr|ret|hint|(ld|st)r(b|h|sb|sh|sw|)_[wx]_(imm|reg)|(ld|st)ur(b|h|)_[wx]_unscaled|(ld|st)r(b|h|)_[wx]_(post|pre)|(ld|st)p_[wx]_offset|ldr_[wx]_literal|(ld|st)p_x_(post|pre))$/;

/** … and those that also have sp as their base often. */
const FREQUENT_ON_STACK: RegExp = /^((ld|st)r(b|h|)_[wx]_imm|(ld|st)p_[wx]_(offset|post|pre)|(ld|st)r_x_(post|pre)|ldrsw_x_imm)$/;

export function isFrequent(form: Form): boolean {
  const { name } = form.operation.template.row;
  return FREQUENT.test(name) && (!form.spBase || FREQUENT_ON_STACK.test(name));
}
