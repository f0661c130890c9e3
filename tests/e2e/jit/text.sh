# Sorting, hashing, awk, sed, tr, bc, dd, od, expr.
seq 1 3000 | awk '{ print ($1 * 7919) % 3001, $1 }' >/tmp/n
sort -n /tmp/n | cksum; sort -k2,2r /tmp/n | cksum; sort -R --random-source=/bin/bash /tmp/n | cksum; sort -u -t' ' -k1,1n /tmp/n | tail -2
for tool in md5sum sha1sum sha256sum sha512sum b2sum cksum; do $tool </bin/bash; done
awk 'BEGIN { for (i = 1; i <= 2000; i++) { s += i * i / 3; a[i % 17] += i; x = x sprintf("%c", 97 + i % 26) } printf "%.6f %d %s\n", s, a[5], substr(x, 100, 30) }'
awk '{ c[length($1)]++ } END { for (i = 1; i <= 4; i++) print i, c[i]; print sin(1), exp(2), log(10), int(-3.9), 2 ** 0.5 }' /tmp/n
sed -n 's/\([0-9]*\) \([0-9]*\)/\2:\1/; 100~500p' /tmp/n; tr '0-9' 'a-j' </tmp/n | tail -1
command -v bc >/dev/null && echo 'scale=60; 4*a(1); 2^200; sqrt(2)' | bc -l
printf '%.3f %x %o %e\n' 3.14159 255 8 12345.678; expr 123456789 \* 987654321 % 1000007
head -c 3000 /bin/bash | od -An -tx8 | cksum; head -c 3000 /bin/bash | base64 | cksum; factor 1000000016000000063 97 360
diff <(seq 1 50) <(seq 1 2 50) | cksum; join <(seq 1 20 | sort) <(seq 5 30 | sort) | wc -l; seq 1 200 | shuf --random-source=/bin/bash | cksum
