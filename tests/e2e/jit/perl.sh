# Regular expressions, hashes, sorting, floating point, sprintf, pack.
perl -e '
  my %h; my $text = join " ", map { ($_ * 7919 % 1000) . "w" } 1..3000;
  $h{$1}++ while $text =~ /(\d+)w/g;
  print join(",", (sort { $h{$b} <=> $h{$a} || $a <=> $b } keys %h)[0..9]), "\n";
  my ($a, $b) = (0, 1); ($a, $b) = ($b, $a + $b) for 1..90; print "$a\n";
  printf "%.15g %.15g %.15g %e %g\n", sqrt(2), exp(1), atan2(1,1)*4, 1/3, 1e300*1e10;
  my $s = 0; $s += sin($_) * cos($_ / 3) for 1..5000; printf "%.12f\n", $s;
  print unpack("H*", pack("nNvVwa5", 1, 2, 3, 4, 300, "abc")), "\n";
  my @m = map { [map { $_ % 10 } ($_ * 3) .. ($_ * 3 + 9)] } 1..10;
  print join(" ", map { my $r = $_; my $t = 0; $t += $_ for @$r; $t } @m), "\n";
  (my $t = "aaa bbb abc" x 100) =~ s/(a+)(\s|b)/<$1>$2/g; print length($t), " ", substr($t, 0, 40), "\n";
  print join("", map { chr(97 + $_ % 26) } grep { $_ & 1 } 1..60), "\n"; print 2**53 + 1, " ", 10 % 3, " ", -10 % 3, " ", int(-3.7), "\n";
'
