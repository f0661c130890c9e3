# The life of a container with a busybox root: create, state, start, exec, ps, pause, resume, kill, delete; run.
runtime=runc
# As docker in docker does it: a group that has processes of its own cannot control others below.
if mkdir /sys/fs/cgroup/init 2>/dev/null; then for p in $(cat /sys/fs/cgroup/cgroup.procs); do echo $p >/sys/fs/cgroup/init/cgroup.procs; done 2>/dev/null; fi
rm -rf /tmp/bundle; mkdir -p /tmp/bundle/rootfs; cd /tmp/bundle; for d in bin dev etc proc root sys tmp; do mkdir rootfs/$d; done
cp /bin/busybox rootfs/bin; for a in sh cat echo grep hostname id kill ls mount ps sleep stat touch tr wc; do ln -s busybox rootfs/bin/$a; done
echo root:x:0:0:root:/root:/bin/sh >rootfs/etc/passwd; echo root:x:0: >rootfs/etc/group
$runtime spec; sed -i 's/"terminal": true/"terminal": false/' config.json
args() { ARGS=$1 perl -0pi -e 's|"args": \[.*?\]|"args": ["sh", "-c", "$ENV{ARGS}"]|s' config.json; }
tidy() { sed -e 's/\x1b\[[0-9;]*m//g' -e 's/^20[^ ]*Z: //' -e 's/time="[^"]*" //' -e 's/"pid": [0-9]*/"pid": N/' -e '/"created":/d'; }
t() { echo "\$ $*"; "$runtime" "$@" 2>&1 | tidy; rc=${PIPESTATUS[0]}; [ $rc = 0 ] || echo rc=$rc; }
args 'trap \"echo term; exit 3\" TERM; echo started; while :; do sleep 0.1; done'
$runtime create c1 </dev/null >log 2>&1; t state c1; t list | wc -l; t start c1; until grep -q started log; do sleep 0.1; done
t state c1 | grep status
t exec c1 sh -c 'id; hostname; cat /proc/1/comm; grep -e CapEff -e CapBnd -e Seccomp: /proc/self/status; ls /'
t exec --env A=b --cwd /tmp c1 sh -c 'pwd; echo $A'; t exec c1 sh -c 'exit 5'; t exec c1 nosuch
t exec c1 touch /x; t exec c1 sh -c 'echo 1 >/proc/sys/kernel/hostname'; t exec c1 mount -t tmpfs x /tmp; t exec c1 cat /proc/self/cgroup
t pause c1; t state c1 | grep status; t resume c1; t state c1 | grep status
t delete c1; t start c1; t kill c1 TERM; until $runtime state c1 | grep -q stopped; do sleep 0.1; done; cat log; t kill c1 KILL; t delete c1; t state c1; t list | wc -l
args 'exit 7'; t run c2
args 'id; hostname; cat /proc/self/cgroup; echo $$; ls /dev | grep -v core'; t run c3
perl -0pi -e 's/"args": \[.*?\]/"args": ["nosuch"]/s' config.json; t run c4
perl -0pi -e 's/"namespaces": \[/"uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}], "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}], "namespaces": [ {"type": "user"},/' config.json
args 'id; cat /proc/self/uid_map; stat -c %u /bin /dev'; chown -R 100000:100000 rootfs; t run c5
t run --bundle /nonexistent c6; t kill c9 TERM; t delete --force c9; ls /run/$runtime
