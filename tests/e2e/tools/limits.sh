# What a bundle's limits do: memory, processes, processor time, swap, devices; changed while it runs; in a group of one's own choice.
runtime=crun
. "${0%/*}/common/bundle.sh"
ln -sf busybox rootfs/bin/dd; ln -sf busybox rootfs/bin/mknod
plain=$(cat config.json)
limits() { echo "$plain" >config.json; LIMITS=$1 perl -0pi -e 's|"resources": \{.*?\n\t\t\}|"resources": {$ENV{LIMITS}}|s; s|"linux": \{|"linux": { "resources": {$ENV{LIMITS}},|s unless /"resources": \{\Q$ENV{LIMITS}\E\}/' config.json; }
show() { for f in "$@"; do echo $f: $(cat /sys/fs/cgroup/$f); done; }
# In the container, its group is the root of the tree.
perl -0pi -e 's/"type": "mqueue",.*?\]\s*\}/"type": "mqueue", "source": "mqueue"}, {"destination": "\/cg", "type": "cgroup2", "source": "cgroup"}/s; s/"CAP_KILL"/"CAP_KILL", "CAP_MKNOD"/g' config.json; plain=$(cat config.json); mkdir rootfs/cg
echo == memory
limits '"memory": {"limit": 16777216, "swap": 16777216, "reservation": 8388608}'
args 'cat /cg/memory.max /cg/memory.low /cg/memory.swap.max; dd if=/dev/zero of=/dev/null bs=4M count=1 2>&1 | tail -1 | cut -c1-7; (dd if=/dev/zero of=/dev/null bs=64M count=1; true) 2>/dev/null; echo status $?; grep oom_kill /cg/memory.events'; t run m1
echo == processes
limits '"pids": {"limit": 5}'
args 'cat /cg/pids.max; for i in 1 2 3 4 5 6; do sleep 9 & done; echo not reached'; t run p1
echo == processor
limits '"cpu": {"quota": 20000, "period": 100000, "shares": 512}'
args 'cat /cg/cpu.max /cg/cpu.weight; for i in 1 2 3 4 5 6 7 8 9; do for j in 1 2 3 4 5 6 7 8 9; do for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do :; done; done; done; until grep -q \"nr_throttled [1-9]\" /cg/cpu.stat; do :; done; echo throttled'; t run u1
echo == devices
limits '"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 1, "access": "m"}, {"allow": true, "type": "c", "major": 7, "minor": 7, "access": "r"}]'
args 'for d in \"1 3\" \"1 1\" \"7 7\"; do mknod /dev/x c $d && { cat /dev/x >/dev/null; echo \"$d: $?\"; (: >/dev/x); rm /dev/x; }; done'; t run d1
echo == while it runs
limits '"memory": {"limit": 67108864}, "pids": {"limit": 50}'; perl -pi -e 's|"namespaces"|"cgroupsPath": "/box", "namespaces"|' config.json
args 'echo started; while :; do sleep 0.1; done'; : >log; $runtime run w1 </dev/null >log 2>&1 & until grep -q started log; do sleep 0.1; done
show box/memory.max box/pids.max box/cpu.max box/cpu.weight; t update --memory 33554432 --pids-limit 20 --cpu-quota 50000 --cpu-period 100000 --cpu-share 2048 w1; show box/memory.max box/pids.max box/cpu.max box/cpu.weight
t exec w1 cat /cg/memory.max; t kill w1 KILL; wait; ls -d /sys/fs/cgroup/box
