/** A long session: resident memory of an engine while thousands of short commands of many kinds are executed in it. */

import type { Context, Suite } from '../context.ts';
import type { Entry } from '../measure.ts';

const COMMANDS = 2000;
const STEP = 500;
/** MB that an engine may grow in the second half, when the caps of the JIT have been reached. */
const MOST_GROWTH = 40;

/** Shell commands, by the command's number. */
const kinds: readonly ((i: number) => string)[] = [
  (i) => `ls -l /usr/bin | awk '{ s += $5 } END { print s + ${i} }'`,
  () => 'find /etc -type f | xargs wc -c | sort -n | tail -3',
  (i) => `grep -c "ka.*${i % 10}" /bench/text`,
  (i) => `sed -n "s/ra/${i}/gp" /bench/text | head -20 | md5sum`,
  (i) => `perl -e 'print join ",", map { sprintf "%x", $_ * ${i} } grep { $_ % 3 } 1 .. 300'`,
  (i) => `python3 -c 'print(sum(len(str(n)) for n in range(${i}, ${i} + 2000)))'`,
  (i) => `python3 -c 'import json; print(json.dumps({str(k): [k] * 3 for k in range(${i % 100})}))'`,
  (i) => `lua5.4 -e 'local t = {} for i = 1, 500 do t[i] = i * ${i} end print(table.concat(t, " "))'`,
  (i) => `sqlite3 :memory: 'create table t(a); insert into t values (${i}), (2); select sum(a) from t'`,
  (i) => `head -c ${20000 + i} /bench/text | gzip -9 | gunzip | cksum`,
  () => 'head -c 30000 /bench/text | xz -1 | xz -d | sha256sum',
  () => 'head -c 30000 /bench/text | bzip2 | bzip2 -d | sha1sum',
  (i) => `echo "${i} ^ 40 % 1009" | bc`,
  (i) => `for n in 1 2 3 4 5; do echo $((n * ${i})); done | tac | tr 0-9 a-j`,
  (i) => `date -d @${i}000000 +%F; printf '%08.3f\\n' ${i}; expr ${i} \\* 7`,
  () => 'cut -d" " -f2 /bench/text | sort | uniq -c | sort -rn | head -5',
  (i) => `d=$(mktemp -d); cp /etc/passwd $d; echo ${i} >> $d/passwd; diff /etc/passwd $d/passwd; rm -r $d`,
  () => 'tar -C /etc -cf - . 2>/dev/null | tar -tf - | tail -1',
  (i) => `f() { local n=$1; ((n < 2)) && echo 1 || echo $((n + $(f $((n - 3))))); }; f ${i % 12}`,
  (i) => `ps -ef | wc -l; df / | tail -1 | wc -w; stat -c %s /usr/bin/bash; seq ${i} | paste -s -d+ | cut -c1-40`,
];

export const session: Suite = {
  name: 'session',
  about: `resident memory while ${COMMANDS} short commands of ${kinds.length} kinds are executed in one engine`,
  async *run(context: Context): AsyncGenerator<Entry> {
    const suite = this.name;
    const { image } = context.settings;
    if (image === null) {
      yield { suite, name: 'a shell session', skipped: 'no Debian image in the store (holm pull debian)' };
      return;
    }
    const engine = await context.debian(image);
    try {
      const sizes: number[] = [];
      for (let i = 1; i <= COMMANDS; i++) {
        await engine.run(['/usr/bin/bash', '-c', kinds[i % kinds.length]!(i)]);
        if (i % STEP !== 0) continue;
        sizes.push((await engine.rss()) / 2 ** 20);
        yield { suite, name: `after ${i} commands`, unit: 'MB', samples: { ours: [sizes.at(-1)!] } };
      }
      const growth = Math.max(0, sizes.at(-1)! - sizes[sizes.length / 2 - 1]!);
      const bound = { of: 'ours', most: MOST_GROWTH } as const;
      yield { suite, name: `growth after ${COMMANDS / 2}`, unit: 'MB', samples: { ours: [growth] }, bound };
    } finally {
      await engine.close();
    }
  },
};
