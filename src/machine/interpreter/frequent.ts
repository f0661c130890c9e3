/** Which forms are worth a place in the interpreter's main loop. */

import type { Form } from './forms.ts';

/** Rows by name: what compilers emit all the time. */
const FREQUENT: ReadonlySet<string> = new Set(['add_imm']);

export const isFrequent = (form: Form): boolean => FREQUENT.has(form.operation.template.row.name);
