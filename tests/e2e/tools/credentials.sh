# setpriv, capsh, setcap, prlimit, newuidmap, newgidmap.
grep -q ^user: /etc/passwd || { echo 'user:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd; echo 'user:x:1000:' >>/etc/group; }
echo user:100000:65536 | tee /etc/subuid >/etc/subgid; chmod 1777 /tmp; cd /tmp
user() { setpriv --reuid 1000 --regid 1000 --clear-groups sh -c "$1"; }
setpriv --reuid 1000 --regid 1000 --init-groups id; setpriv --reuid 1000 --regid 1000 --clear-groups id
setpriv --bounding-set -sys_admin,-net_admin grep CapBnd /proc/self/status
setpriv --inh-caps +net_raw --ambient-caps +net_raw --reuid 1000 --regid 1000 --clear-groups grep Cap /proc/self/status
setpriv --no-new-privs grep NoNew /proc/self/status; setpriv --securebits +noroot grep CapEff /proc/self/status; setpriv --pdeathsig TERM setpriv -d | tail -1
setpriv --ruid 1000 --euid 1000 --clear-groups sh -c 'setpriv --reuid 0 id; setpriv --clear-groups true'
user 'mount -t tmpfs x /mnt'; capsh --drop=cap_sys_admin --print | grep -c 'cap_sys_admin'; capsh --inh=cap_chown --user=user --addamb=cap_chown -- -c 'grep CapAmb /proc/self/status'
cp /bin/grep grepc; setcap cap_chown=eip grepc; getcap grepc; user '/tmp/grepc Cap /proc/self/status'; setcap -r grepc; getcap grepc
prlimit --nofile=10:20 sh -c 'ulimit -n; ulimit -Hn'; prlimit --core=0 prlimit --core --noheadings; prlimit -p 99999999; prlimit --nofile=20:10 true
echo == maps
# A process of the user in a user namespace without maps: $pid.
begin='unshare -U sleep 100 & pid=$!; until [ "$(readlink /proc/$pid/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.1; done; '
user "$begin"'newuidmap $pid 0 1000 1 1 100000 65536; cat /proc/$pid/uid_map; newgidmap $pid 0 1000 1 1 100000 65536; cat /proc/$pid/gid_map; nsenter -t $pid -U -S 0 -G 0 id; kill $pid'
user "$begin"'newuidmap $pid 0 0 1; newuidmap $pid 0 200000 5; newgidmap $pid 0 100000 70000; newuidmap $pid 0 1000 1 0 1000 1; kill $pid'
user 'unshare -U --map-auto --map-root-user sh -c "cat /proc/self/uid_map; touch zq; chown 5:6 zq; stat -c %u:%g zq; id; setpriv --reuid 7 --regid 7 --clear-groups id; chown 70000 zq; cat /proc/self/setgroups"'; stat -c %u:%g zq; rm zq
user 'unshare -U --map-users=0:100000:10 --map-groups=0:100000:10 -S 0 -G 0 id'
user 'unshare -U sh -c "echo 0 0 1 >/proc/self/uid_map"; unshare -U sh -c "echo 0 1000 2 >/proc/self/uid_map"; unshare -U sh -c "echo 0 1000 1 >/proc/self/gid_map"'
