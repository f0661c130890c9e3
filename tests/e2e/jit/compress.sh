# What is packed comes out as it was; the packed bytes do not depend on how the packer is executed.
seq 1 12000 | sed 's/7/seven/g' >/tmp/in; head -c 40000 /bin/bash >>/tmp/in
cksum </tmp/in
for tool in 'gzip -n1' 'gzip -n9' 'bzip2 -9' 'xz -0' 'xz -3' 'zstd -1 -q' 'zstd -9 -q'; do
  command -v ${tool%% *} >/dev/null || continue
  echo "$tool $($tool -c /tmp/in | cksum) $($tool -c /tmp/in | ${tool%% *} -dc | cksum)"
done
