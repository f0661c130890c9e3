# bwrap, as the superuser and as an ordinary user.
[ "$INSIDE" ] || exec unshare -m env INSIDE=1 bash "$0"
echo 4194304 >/proc/sys/kernel/pid_max # as systemd sets it; ps makes its columns as wide
grep -q ^user: /etc/passwd || { echo 'user:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd; echo 'user:x:1000:' >>/etc/group; }
chmod 1777 /tmp; cd /tmp; echo text >text
bwrap --unshare-all --hostname sandbox --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp sh -c 'uname -n; ps -eo pid=,comm=; touch /x'
B='bwrap --ro-bind / / --proc /proc --dev /dev'
$B --unshare-all sh -c 'id -u; ls /dev; ip -br addr'
$B --unshare-user --uid 5 --gid 6 sh -c 'id; cat /proc/self/uid_map'
$B --tmpfs /tmp --dir /tmp/a/b --file 9 /tmp/f --symlink f /tmp/l sh -c 'ls -l /tmp | cut -c1-10; cat /tmp/l' 9<text
$B --unshare-pid --as-pid-1 sh -c 'echo $$'; $B --setenv FOO bar --unsetenv HOME sh -c 'echo $FOO $HOME'; $B --clearenv /bin/sh -c /usr/bin/env; $B --chdir /usr pwd; $B --argv0 zork sh -c 'echo $0'
$B --cap-drop ALL grep Cap /proc/self/status; $B --unshare-user --cap-add CAP_SYS_ADMIN grep CapEff /proc/self/status
bwrap --bind / / --remount-ro / touch /x; bwrap --ro-bind / / --hostname a hostname; bwrap --ro-bind /nonexistent /x true; bwrap --bogus; bwrap --ro-bind / / nosuchprog
bwrap --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/bin /bin --proc /proc --dev /dev ls /
$B --perms 0700 --tmpfs /tmp --perms 0640 --ro-bind-data 9 /tmp/x --size 65536 --tmpfs /mnt sh -c 'stat -c %a /tmp /tmp/x; findmnt -no OPTIONS /mnt; cat /tmp/x; dd if=/dev/zero of=/mnt/f bs=1k count=100 2>&1 | head -1' 9<text
mkdir ov; mount -t tmpfs ov ov; mkdir ov/up ov/wk ov/low; echo low >ov/low/f
$B --overlay-src /tmp/ov/low --tmp-overlay /mnt sh -c 'echo more >/mnt/g; ls /mnt; findmnt -no FSTYPE /mnt'; ls ov/low
$B --overlay-src /tmp/ov/low --overlay /tmp/ov/up /tmp/ov/wk /mnt sh -c 'echo hi >/mnt/new; rm /mnt/f; ls /mnt'; cat ov/up/new; ls -l ov/up/f | cut -c1-10
$B --overlay-src /tmp/ov/low --overlay-src /etc --ro-overlay /mnt sh -c 'ls /mnt/f /mnt/hostname; touch /mnt/x'
$B --json-status-fd 9 --info-fd 8 --unshare-all true 9>js 8>inf; sed 's/[0-9][0-9]*/N/g' js inf
$B --unshare-user --disable-userns unshare -U true; $B --dev-bind /dev/null /dev/zero cat /dev/zero; $B --mqueue /mnt ls -ld /mnt | cut -c1-10
printf '%s\0' --ro-bind / / --unshare-pid >args; bwrap --args 9 echo ok 9<args
$B --unshare-pid sh -c 'kill -TERM 1; echo alive; exit 9'; echo rc=$?; $B --unshare-pid sh -c 'kill -SEGV $$'; echo rc=$?
echo == as an ordinary user
user() { setpriv --reuid 1000 --regid 1000 --clear-groups bash -c "$1"; }
user "bwrap --unshare-all --hostname sandbox --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp sh -c 'uname -n; ps -eo pid=,comm=; touch /x; id -u; cat /proc/self/uid_map /proc/self/setgroups'"
user "$B grep Cap /proc/self/status"; user "$B --unshare-user --uid 0 --gid 0 sh -c 'id; hostname x; chown 1 /etc/hostname'"
user "$B --unshare-user --cap-add ALL --uid 0 sh -c 'grep CapEff /proc/self/status; mount -t tmpfs none /mnt'"; echo rc=$?
user "bwrap --dev /dev --tmpfs / --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/bin /bin ls -l / | tr -s ' ' | cut -d' ' -f1,3,4,9"
user "$B --unshare-user --disable-userns unshare -U true"; user "bwrap --ro-bind / / --bind /etc /etc touch /etc/zzz"; user "$B --unshare-net ip -br addr"
user "$B $B --unshare-all sh -c 'id -u; echo \$\$'"
user "$B --overlay-src /tmp/ov/low --tmp-overlay /mnt sh -c 'touch /mnt/x; ls /mnt'"
umount ov
