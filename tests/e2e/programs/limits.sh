# Many of everything.
cd /tmp
i=0; while [ $i -lt 300 ]; do /bin/true || echo failed; i=$((i + 1)); done; echo 300 forks
mkdir many; cd many; seq 1 10000 | sed 's/^/f/' | xargs touch; ls | wc -l; ls -f | wc -l; find . -name 'f99*' | wc -l; echo f* | wc -w; cd ..; rm -r many
truncate -s 1G sparse; stat -c %s sparse; tail -c 3 sparse | od -An -tx1; printf end | dd of=sparse bs=1 seek=1073741821 conv=notrunc 2>/dev/null; tail -c 3 sparse; echo; test $(du -k sparse | cut -f1) -lt 1000 && echo still sparse
perl -e 'my $n = 200; pipe(my $r0, my $w0); my $in = $r0; my ($first, $last); for my $i (1..$n) { pipe(my $r, my $w); my $p = fork; if (!$p) { sysread($in, my $b, 10); syswrite($w, $b + 1); exit 0 } close $w; $in = $r } syswrite($w0, "0"); sysread($in, my $b, 10); 1 while wait != -1; print "ring $b\n"'
perl -e 'use strict; my $s = "x" x (16 * 1024 * 1024); print length($s), "\n"; my @a = (1..200000); my $t = 0; $t += $_ for @a; print "$t\n"'
seq 1 200000 | sort -n | tail -1; head -c 5000000 /dev/zero | wc -c; head -c 3000000 /dev/zero | sha256sum; yes | head -c 1000000 | md5sum
