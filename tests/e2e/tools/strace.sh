# strace: what it says about other programs. Numbers that differ from run to run are left out.
cd /tmp; echo text >text
tidy() { sed -e 's/0x[0-9a-f]*/PTR/g' -e 's/[0-9]* vars/N vars/' -e 's/pid  *[0-9]*\]/pid N]/' -e 's/si_pid=[0-9]*/si_pid=N/' -e 's/ si_[us]time=[0-9]*\( \/\* [0-9.]* s \*\/\)*,*//g' -e 's/Process [0-9]*/Process N/' -e 's/= [0-9][0-9][0-9]*$/= N/' -e 's/  */ /g'; }
strace -f -qq -e trace=unshare,sethostname unshare -u hostname x
strace -e trace=file cat text 2>&1 | grep -v 'ld.so\|lib' | tidy
strace -y -e trace=read,close,openat cat text 2>&1 | grep '/tmp/text' | tidy
strace -e trace=none -e signal=all sh -c 'kill -USR1 $$' 2>&1 | grep -v '^User' | tidy
strace -f -e trace=wait4,exit_group -e signal=none sh -c '/bin/true; /bin/false' 2>&1 | grep -c exit_group
strace -e inject=openat:error=ENOENT:when=3 cat text 2>&1 | grep -c INJECTED; strace -qq -e trace=write -e inject=write:retval=3 echo hi
strace -e trace=write -e fault=write:error=EIO:when=1 echo hi 2>&1 | head -1
strace -o '|cat' -e trace=exit_group true; strace -ff -o ff -e trace=exit_group -e signal=none sh -c '/bin/true; /bin/true'; cat ff.* | sort; rm ff.*
strace --seccomp-bpf -f -e trace=execve -e signal=none sh -c '/bin/true; true' 2>&1 | grep -o 'execve([^]]*].*= 0' | tidy | sed 's/resumed.*/resumed/'
strace -c -e trace=openat,execve cat text 2>&1 | awk '{print $NF}' | grep -v text | sort
strace -u nobody -e trace=geteuid id -un; strace -e trace=prctl setpriv --no-new-privs true 2>&1 | grep NO_NEW
strace nosuch; strace -e trace=bogus true; strace -p 99999999
strace -f -e trace=kill -- sh -c 'sleep 100 & kill -9 $!; wait' 2>&1 | grep -o 'kill(.*\|+++ .*' | sed 's/([0-9]*/(N/' | tidy
