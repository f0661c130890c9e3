# The life of a container of $runtime: create, state, start, exec, ps, pause, resume, kill, delete; run.
. "${0%/*}/common/bundle.sh"
$runtime create c1 </dev/null >log 2>&1; t state c1; t list | wc -l; t start c1; until grep -q started log; do sleep 0.1; done
t state c1 | grep status
t exec c1 sh -c 'id; hostname; cat /proc/1/comm; grep -e CapEff -e CapBnd -e Seccomp: /proc/self/status; ls /'
t exec --env A=b --cwd /tmp c1 sh -c 'pwd; echo $A'; t exec c1 sh -c 'exit 5'; t exec c1 nosuch
t exec c1 touch /x; t exec c1 sh -c 'echo 1 >/proc/sys/kernel/hostname'; t exec c1 mount -t tmpfs x /tmp; t exec c1 cat /proc/self/cgroup
t pause c1; t state c1 | grep status; t resume c1; t state c1 | grep status
t delete c1; t start c1; t kill c1 TERM; until $runtime state c1 | grep -q stopped; do sleep 0.1; done; cat log; t kill c1 KILL; t delete c1; t state c1; t list | wc -l
args 'exit 7'; t run c2
args 'id; hostname; cat /proc/self/cgroup; echo $$; ls /dev'; t run c3
perl -0pi -e 's/"args": \[.*?\]/"args": ["nosuch"]/s' config.json; t run c4
perl -0pi -e 's/"namespaces": \[/"uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}], "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}], "namespaces": [ {"type": "user"},/' config.json
args 'id; cat /proc/self/uid_map; stat -c %u /bin /dev'; chown -R 100000:100000 rootfs; t run c5
t run --bundle /nonexistent c6; t kill c9 TERM; t delete --force c9; ls /run/$runtime
