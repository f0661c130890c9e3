# Containers of an ordinary user, with crun and runc: his ids only, then those that newuidmap gives him.
if [ ! "$INSIDE" ]; then
  grep -q ^user: /etc/passwd || { echo 'user:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd; echo 'user:x:1000:' >>/etc/group; }
  echo user:100000:65536 >/etc/subuid; echo user:100000:65536 >/etc/subgid; chmod 1777 /tmp; mkdir -pm 700 /run/user/1000; chown 1000:1000 /run/user/1000
  INSIDE=1 XDG_RUNTIME_DIR=/run/user/1000 HOME=/tmp USER=user exec setpriv --reuid 1000 --regid 1000 --clear-groups bash "$0"
fi
script='exec 2>&1; id; cat /proc/self/uid_map; grep CapEff /proc/self/status; touch /bin/new; stat -c "%u %g" /bin/new /etc /sys; hostname; hostname other; mount -t tmpfs x /mnt; echo $$; cat /proc/self/cgroup; chown 5 /bin/new'
for runtime in crun runc; do
  . "${0%/*}/common/bundle.sh"
  echo == $runtime
  rm config.json; $runtime spec --rootless; sed -i -e 's/"terminal": true/"terminal": false/' -e 's/"readonly": true/"readonly": false/' config.json
  args "$(echo "$script" | sed 's/"/\\"/g')"; t run c1
  perl -0pi -e 's|"uidMappings": \[.*?\]|"uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}, {"containerID": 1, "hostID": 100000, "size": 1000}]|s; s|"gidMappings": \[.*?\]|"gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}, {"containerID": 1, "hostID": 100000, "size": 1000}]|s' config.json
  args "$(echo "$script" | sed 's/"/\\"/g')"; t run c3; stat -c %u rootfs/bin/new
  perl -0pi -e 's|"hostID": 1000\b|"hostID": 0|g' config.json; t run c4
  [ $runtime = crun ] || continue
  args 'echo started; while :; do sleep 0.1; done'; : >log; $runtime run c2 </dev/null >log 2>&1 & until grep -q started log; do sleep 0.1; done
  t exec c2 sh -c 'id; cat /proc/1/comm'; t exec --user 7 c2 id; t state c2 | grep status; t list | wc -l; t pause c2; t kill c2 KILL; wait; t state c2
done
