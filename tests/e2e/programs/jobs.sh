# Background jobs, wait, signals between processes, exit statuses.
sleep 5 & p=$!; kill $p; wait $p; echo "killed $?"
(exit 9) & wait $!; echo "exit $?"
for i in 1 2 3; do (sleep 0.$((4 - i)); echo "job $i") & done; wait; echo all done
{ sh -c 'kill -9 $$'; } 2>/dev/null; echo "sigkill $?"
sh -c 'kill -STOP $$; echo continued' & p=$!; sleep 0.3; grep State /proc/$p/status; kill -CONT $p; wait $p
timeout 0.3 sleep 10; echo "timeout $?"
{ timeout -s KILL 0.3 sleep 10; } 2>/dev/null; echo "timeout kill $?"
sh -c 'trap "echo term; exit 5" TERM; while :; do sleep 0.1; done' & p=$!; sleep 0.4; kill $p; wait $p; echo "trapped $?"
echo hello | (read x; echo "got $x")
yes | head -n 3; echo "pipe $?"
bash -c 'yes >/dev/null | exit 4; echo ${PIPESTATUS[@]}' & p=$!; sleep 0.2; pkill -x yes; wait $p
nohup sh -c 'echo nohup' 2>/dev/null; echo $?
mkfifo /tmp/ff; (echo through-fifo >/tmp/ff &) ; cat /tmp/ff
setsid sh -c 'test $(ps -o sid= -p $$) -eq $$ && echo own session'
sh -c 'ulimit -n 16; ulimit -n'; (ulimit -c 0; ulimit -c)
env -i A=1 B=2 env | sort
nice -n 5 nice
true & wait -n; echo "wait -n $?"
