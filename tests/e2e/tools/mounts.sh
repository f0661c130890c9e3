# mount, umount, findmnt, mountpoint, pivot_root, chroot. As the superuser, in a mount namespace of its own.
[ "$INSIDE" ] || exec unshare -m env INSIDE=1 bash "$0"
cd /tmp; mkdir -p a b m
mount -t tmpfs -o size=1m,mode=700 t /mnt; findmnt -n /mnt; df -k /mnt | tail -1; mount -o remount,ro /mnt; touch /mnt/x; findmnt -no OPTIONS /mnt; umount /mnt; umount /mnt
mount --bind a b; touch a/x; ls b; mount -o remount,bind,ro b; touch b/y; touch a/y; ls b; umount b
mount -t tmpfs m m; mkdir m/1 m/2 m/3; mount --make-shared m; mount --bind m/1 m/2; mount -t tmpfs in m/1; mount --rbind m /mnt
findmnt -rno TARGET,PROPAGATION /mnt; findmnt -rno TARGET,SOURCE,FSROOT,PROPAGATION -R /tmp/m
mount --make-rslave m; findmnt -rno TARGET,PROPAGATION -R /tmp/m; mount --make-runbindable m; mount --bind m m/3; umount -R /mnt; umount -R m
mount -t tmpfs m /mnt; mkdir /mnt/x /mnt/y; mount -t tmpfs z /mnt/x; mount --move /mnt/x /mnt/y; findmnt -rno TARGET -R /mnt
cd /mnt/y; umount /mnt/y; umount -l /mnt/y; pwd; cd /tmp; umount /mnt
mount -t tmpfs x /nonexistent; mount --bind /nonexistent /mnt; umount /nonexistent; mount -t tmpfs -o bogus x /mnt; mount -t tmpfs -o size=abc x /mnt
mount --mkdir -t tmpfs x /tmp/mk/dir; findmnt -rno TARGET,FSTYPE /tmp/mk/dir; mountpoint /tmp/mk/dir; mountpoint /tmp/mk; umount /tmp/mk/dir
mount -t proc -o subset=pid p /mnt; ls /mnt | grep -v '^[0-9]'; umount /mnt; mount -t proc -o hidepid=9 p /mnt; mount -t proc -o gid=5,hidepid=noaccess p /mnt; findmnt -no OPTIONS /mnt; umount /mnt
mount -t devpts -o newinstance,ptmxmode=0666 d /mnt; ls -l /mnt | tail -1 | tr -s ' ' | cut -d' ' -f1-6; umount /mnt
mount -t tmpfs ov m; mkdir m/l m/u m/w; echo 1 >m/l/f; echo 2 >m/l/g; mount -t overlay o -o lowerdir=m/l,upperdir=m/u,workdir=m/w /mnt
rm /mnt/f; echo x >/mnt/new; ls /mnt; ls -l m/u | cut -c1 | sort; umount /mnt; umount m
echo == new roots
mkdir -p nr; mount -t tmpfs n nr; mkdir nr/bin nr/old nr/proc; cp /bin/busybox nr/bin
chroot nr /bin/busybox ls -R /bin; chroot nr; chroot /nonexistent; chroot --userspec=1000:1000 --groups=5,6 / id -G; chroot --skip-chdir /tmp ls
pivot_root /usr /usr/share; pivot_root nr /mnt; pivot_root
unshare -m sh -c 'cd nr; pivot_root . old; /bin/busybox ls /; /bin/busybox mount -t proc p /proc; /bin/busybox umount -l /old; /bin/busybox grep -c . /proc/self/mountinfo; /bin/busybox ls /old'
umount nr
