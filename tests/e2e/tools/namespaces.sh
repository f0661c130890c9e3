# unshare, nsenter, lsns of util-linux; hostname; ipcmk, ipcs, ipcrm. As the superuser.
[ "$INSIDE" ] || exec unshare -m env INSIDE=1 bash "$0"
echo 4194304 >/proc/sys/kernel/pid_max # as systemd sets it; ps makes its columns as wide
hostname outer; unshare -u sh -c 'hostname x; uname -n; cat /proc/sys/kernel/hostname'; uname -n
unshare -u sh -c 'hostname 01234567890123456789012345678901234567890123456789012345678901234'; echo rc=$?
unshare -u sh -c 'hostname 0123456789012345678901234567890123456789012345678901234567890123; hostname; domainname foo; cat /proc/sys/kernel/domainname'; domainname
unshare -u sh -c 'echo abc.def >/proc/sys/kernel/hostname; hostname; hostname -s; hostname a_b'; echo rc=$?
echo == IPC
unshare -i sh -c 'ipcmk -Q; ipcs -q' | sed 's/^0x[0-9a-f]*/0xKEY/'
unshare -i sh -c 'ipcmk -Q >/dev/null; exec sleep 100' & sleep 3; nsenter -t $! -i ipcs -q | grep -c '^0x'; ipcs -q | grep -c '^0x'; kill %1
unshare -i sh -c 'ipcmk -M 4096; ipcmk -S 3; ipcmk -Q -p 600; ipcs | sed s/0x[0-9a-f]*/KEY/; ipcs -l; ipcs -u; ipcrm -m 0; ipcrm -m 5; ipcrm -S 77; ipcrm -a; ipcs -q'
echo == PID
unshare -fp --mount-proc unshare -fp --mount-proc unshare -fp --mount-proc sh -c 'echo $$; ps -eo pid=,comm='
unshare -fp sh -c 'kill -TERM 1; kill -KILL 1; kill -STOP 1; echo alive'; echo rc=$?
unshare -p sh -c '/bin/true; /bin/true; echo after'; echo rc=$?
touch /tmp/p; unshare --pid=/tmp/p -f --mount-proc true; nsenter --pid=/tmp/p true; echo rc=$?; umount /tmp/p
unshare -fp sh -c 'trap "echo got" USR1; kill -USR1 1; exit 42'; echo rc=$?
unshare -fp --mount-proc sh -c 'grep -E "^(Pid|PPid|NSpid|NStgid|Tgid)" /proc/self/status; echo 100 > /proc/sys/kernel/ns_last_pid; sh -c "echo \$\$"'
unshare -fp --mount-proc sh -c '(sh -c "sleep 0.3; echo orphan of \$(cut -d\" \" -f4 /proc/\$\$/stat)" & ); sleep 1; ps -eo pid,ppid,comm'
unshare -fp --mount-proc sh -c 'sleep 100 & sleep 100 & pgrep -c sleep; exec true'; echo rc=$?
echo == user
unshare -Ur sh -c 'id -u; cat /proc/self/uid_map; cat /proc/self/setgroups'
unshare -Ur unshare -Ur unshare -Ur sh -c 'id -u; cat /proc/self/uid_map; readlink /proc/self/ns/user | tr -d 0-9'
unshare -U sh -c 'id; cat /proc/self/uid_map; hostname zz'; echo rc=$?
unshare --map-user=5 --map-group=7 sh -c 'id; cat /proc/self/uid_map /proc/self/gid_map'
unshare -Ur sh -c 'grep Cap /proc/self/status; unshare -U grep Cap /proc/self/status'
unshare -Uru sh -c 'hostname foo; hostname'; unshare -Uu hostname foo; echo rc=$?
unshare -Urpmf --mount-proc sh -c 'ps -eo pid=,user=,comm='; unshare -Urm mount -t proc p /mnt; echo rc=$?
echo == mount
unshare -m sh -c 'mount -t tmpfs kept /mnt; findmnt -no TARGET,FSTYPE /mnt'; findmnt /mnt; echo rc=$?
for p in slave shared private bogus; do unshare -m --propagation $p sh -c 'mount --bind /tmp /mnt; findmnt -no PROPAGATION /mnt'; done
echo == the others
unshare -n ip link; unshare -n sh -c 'ip link set lo up; ip -br addr; ip route; ss -tlnH'
unshare -T --monotonic 1000 --boottime 100000 cat /proc/self/timens_offsets
unshare -T -f --boottime 10000000 sh -c 'test $(cut -d. -f1 /proc/uptime) -ge 10000000 && echo later'
unshare -C cat /proc/self/cgroup
echo == kept by a mount, entered again
for kind in uts ipc net; do touch /tmp/$kind; done
unshare --uts=/tmp/uts hostname kept; nsenter --uts=/tmp/uts hostname; umount /tmp/uts; nsenter --uts=/tmp/uts hostname; echo rc=$?
unshare --ipc=/tmp/ipc ipcmk -Q; nsenter --ipc=/tmp/ipc ipcs -q | grep -c ^0x; umount /tmp/ipc
unshare --net=/tmp/net ip link set lo up; nsenter --net=/tmp/net ip -br link; umount /tmp/net
unshare -fpum --mount-proc sleep 100 & until pgrep -x sleep >/dev/null; do sleep 0.1; done; nsenter -t $(pgrep -n -x sleep) -a ps -eo pid,comm; { pkill -KILL -x sleep; wait; } 2>/dev/null
nsenter -t 999999 -u true; echo rc=$?; nsenter -u true; echo rc=$?
unshare -fpuinm --mount-proc sh -c 'lsns -n -o TYPE,NPROCS,PID | sort'
