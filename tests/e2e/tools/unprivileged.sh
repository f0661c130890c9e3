# What an ordinary user can do with namespaces of his own, and that he gains nothing outside of them.
[ "$INSIDE" ] || exec unshare -m env INSIDE=1 bash "$0"
echo 4194304 >/proc/sys/kernel/pid_max # as systemd sets it; ps makes its columns as wide
grep -q ^user: /etc/passwd || { echo 'user:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd; echo 'user:x:1000:' >>/etc/group; }
chmod 1777 /tmp; cd /tmp; hostname guest; echo secret >/root/secret; chmod 600 /root/secret; install -m 4755 /usr/bin/id /tmp/suid-id
user() { setpriv --reuid 1000 --regid 1000 --clear-groups bash -c "$1"; }
echo == without a user namespace
user 'for k in u m p n i C T; do unshare -$k true; done; chroot / true; hostname x; mount -t tmpfs x /mnt; ip link add d type dummy'
echo == inside
user 'unshare -Ur sh -c "id; cat /proc/self/uid_map; grep CapEff /proc/self/status"'
user 'unshare -Uru sh -c "hostname mine; hostname"; hostname'
user 'unshare -Urm sh -c "mount -t tmpfs x /mnt; touch /mnt/mine; ls /mnt; stat -c %U /mnt/mine"; ls /mnt'
user 'unshare -Urpf --mount-proc sh -c "echo \$\$; ps -eo pid,comm"'
user 'unshare -Uri sh -c "ipcmk -Q >/dev/null; ipcs -q | grep -c ^0x"; ipcs -q | grep -c ^0x'
user 'unshare -Urn sh -c "ip link set lo up; ip link add v type veth peer name w; ip addr add 10.0.0.1/8 dev v; ip link set v up; ip link set w up; ip route; ip -br link | cut -c1-16"'
user 'unshare -Ur unshare -Ur unshare -Urum sh -c "hostname deep; hostname; cat /proc/self/uid_map"'
user 'bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp --hostname box sh -c "hostname; id -u; echo \$\$; touch /etc/x; grep CapEff /proc/self/status"'
echo == and nothing outside
user 'unshare -Ur cat /root/secret'
user 'unshare -Ur sh -c "chown 1 /tmp; chmod 777 /etc; touch /etc/new; rm /etc/passwd"'
user 'unshare -Ur sh -c "kill -9 1; kill -0 1; renice -n -5 -p 1"'
user 'unshare -Ur sh -c "hostname x; echo x >/proc/sys/kernel/hostname; echo 1 >/proc/sys/vm/overcommit_memory; date -s 2000-01-01 >/dev/null"'
user 'unshare -Ur sh -c "mount -t tmpfs x /mnt; umount /proc; ip link set lo down; mknod /tmp/null c 1 3"'
user 'unshare -Urm sh -c "mount -o remount,ro /; mount -t proc p /mnt; mount -t sysfs s /mnt; mount -o remount,rw,suid,dev /proc; umount /proc"'
user 'unshare -Urm sh -c "mount --bind /root /mnt; ls /mnt; mount --bind /tmp /root"'
user 'unshare -Ur /tmp/suid-id -u; unshare -U /tmp/suid-id -u; /tmp/suid-id -u'
user 'unshare -Urm sh -c "mount -t tmpfs x /mnt; cp /usr/bin/id /mnt; chmod 4755 /mnt/id; /mnt/id -u"'
user 'unshare -Ur sh -c "echo 0 0 1 >/proc/self/uid_map; setpriv --reuid 1 true; setpriv --regid 1 --keep-groups true; setpriv --groups 1 true"'
user 'unshare -Ur nsenter -t 1 -m true; unshare -Ur nsenter -t 1 -U true; unshare -Ur nsenter -t 1 -p true'
user 'unshare -Ur sh -c "prlimit --nofile=99999999 true; prlimit -p 1 --nofile=5"; unshare -Ur strace -p 1'
user 'unshare -Ur setcap cap_net_raw=ep /bin/true; cp /bin/true t; unshare -Ur setcap cap_net_raw=ep t; getcap t'
cat /root/secret; hostname; ls -ld /etc | cut -c1-10; ls /mnt; findmnt -n /mnt
