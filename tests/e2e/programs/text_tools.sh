# grep, sed, awk, diff, find, xargs, perl, bc.
cd /tmp; printf 'apple 3\nbanana 12\ncherry 7\ndate 25\n' >f
grep -n an f; grep -c a f; grep -vE '^(a|b)' f; grep -oP '\d+' f; grep -i APPLE f; grep -r cherry . 2>/dev/null | grep '^./f:'
sed 's/\([a-z]*\) \([0-9]*\)/\2 \1/;2d' f; sed -n '2,3p' f; sed -e '/date/i\inserted' -e '$a\last' f; sed 'y/abc/xyz/;s/x/<&>/g' f | head -2
awk '{ s += $2 } END { print s, s / NR; printf "%.3f %d %s\n", sqrt(2), 2 ^ 10, substr("awk", 2) }' f
awk -F: '$3 < 3 { print $1 }' /etc/passwd; awk 'BEGIN { for (i = 1; i <= 5; i++) a[i] = i * i; for (i in a) n += a[i]; print n; print length("abc"), toupper("x"), index("hello", "l"); print 1e6 * 3, 1 / 3, int(-3.7) }'
sort -k2,2n f >g; diff f g; diff -u f g | tail -n +3; cmp f g; echo $?
mkdir -p t/a t/b; touch t/a/1 t/b/2 t/3; find t -type f | sort; find t -name '[12]' -exec basename {} \; | sort; find t -type f -print0 | xargs -0 ls; find t -depth | tail -1; find t -newer f -type d | wc -l
seq 10 | xargs -n 3 echo; seq 3 | xargs -I{} echo "<{}>"; seq 100 | xargs -P 4 -n 10 sh -c 'echo $#' _ | sort | uniq -c
perl -e 'print join(",", map { $_ * 2 } grep { $_ % 2 } 1..9), "\n"; my %h = (a => 1, b => 2); print "$_=$h{$_};" for sort keys %h; print "\n"; printf "%.10f %s %e\n", atan2(1,1)*4, 0.1+0.2, 12345.678; print 10/3, " ", 2**0.5, " ", 1e21, " ", int(7.9), "\n"'
perl -ne 'print if /rr/; END { print "$.\n" }' f; perl -pe 's/(\w+)/\u$1/' f | head -2; echo 'a1b22' | perl -ne 'print "$1 " while /(\d+)/g; print "\n"'; perl -MPOSIX -e 'print floor(-1.5), ceil(1.2), " ", strftime("%Y", gmtime(0)), "\n"'
perl -e 'my $p = fork; if (!$p) { exit 7 } waitpid $p, 0; print $? >> 8, "\n"; local $SIG{ALRM} = sub { print "alarm\n" }; alarm 1; select undef, undef, undef, 3; print sprintf("%b %o %x", 10, 64, 255), "\n"; print scalar reverse("abc"), " ", lc("ABC"), " ", sprintf("%03d", 7), "\n"'
echo '2^100; scale=20; 4*a(1); sqrt(2); e(1); obase=16; 255' | bc -l; echo '5 3 + p 2 * p' | dc 2>/dev/null || true
dash -c 'x=1; while [ $x -le 3 ]; do printf "%d " $x; x=$((x+1)); done; echo; set -- a b c; shift; echo $# $1; f() { echo in-f "$@"; }; f 1 2; test -d /tmp && echo dir; echo $((0x1f + 010))'
