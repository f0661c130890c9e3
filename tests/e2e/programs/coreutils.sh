# coreutils on real input.
cd /tmp; seq 1 1000 >n; sort -rn n | head -3; sort -R n | sort -n | cmp - n && echo same
sha256sum n; md5sum n; cksum n; sum n; b2sum n | cut -c1-32
wc n; tail -n 2 n; tac n | head -2; split -l 300 n part_; ls part_*; cat part_* | cmp - n && echo joined
join <(seq 5 | sed 's/$/ a/') <(seq 3 7 | sed 's/$/ b/'); comm -12 <(seq 5) <(seq 3 7) | tr '\n' ' '; echo
paste -d, <(seq 3) <(seq 4 6); cut -d: -f1,3 /etc/passwd | head -3; tr a-z A-Z <<<shout; fold -w 10 <<<"0123456789abcdef"
dd if=/dev/zero of=z bs=4096 count=16 2>/dev/null; stat -c '%s %A %F %h' z; truncate -s 1M z; stat -c '%s %b' z | cut -d' ' -f1
numfmt --to=iec 1048576 123456789; shuf -i 1-10 -n 10 | sort -n | tr '\n' ' '; echo; factor 1234567890 97; seq -s+ 5
date -u -d @86400 '+%Y-%m-%d %H:%M:%S %a'; expr 6 \* 7; basename /a/b.c .c; dirname /a/b.c; realpath -m /a/../b
base64 <<<encode | tee /dev/stderr 2>/dev/null | base64 -d; od -An -tx1 <<<AB; uniq -c <(printf 'a\na\nb\n'); nl <(printf 'x\ny\n'); expand <(printf 'a\tb\n'); pr -t -2 <(seq 4) | head -2
ln -s n link; readlink link; ln n hard; stat -c %h n; cp -a link link2; ls -l link2 | cut -c1; mv hard moved; rm -f link link2 moved
mkdir -p d/e/f; touch d/e/f/g; chmod 640 d/e/f/g; stat -c %a d/e/f/g; install -m 700 n inst; stat -c %a inst; find d | sort; rm -r d
touch -d '2001-02-03 04:05:06 UTC' t; stat -c %Y t; test t -ot n && echo older; printf '%s\n' b a c | sort -u | tr '\n' ' '; echo; echo 'k2 v
k1 w' | sort -k2 ; tsort <<<'a b b c'; ptx -G <<<'one two' | wc -l; csplit -s n 500; wc -l <xx00
id -u; id -un; whoami; groups; logname 2>/dev/null; arch; uname -sm; tty; echo "tty $?"
df / | tail -1 | wc -w; du -s --apparent-size n | cut -f1; sync; stty -a 2>/dev/null; echo "stty $?"
head -c 100000 /dev/urandom >r; gzip -k r; gunzip -c r.gz | cmp - r && echo gz; xz -k r; xz -dc r.xz | cmp - r && echo xz; zstd -q r; zstd -dcq r.zst | cmp - r && echo zst
tar cf a.tar n z r; tar tf a.tar; mkdir x; tar xf a.tar -C x; cmp x/r r && echo tar; tar czf a.tgz x; tar tzf a.tgz | sort | head -3; tar cSf s.tar z; tar xOf s.tar z | cmp - z && echo sparse
