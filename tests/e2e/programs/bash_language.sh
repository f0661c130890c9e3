# bash: expansions, arrays, here-documents, functions, arithmetic, process substitution, traps.
set -u
a=(alpha beta gamma); echo "${#a[@]} ${a[1]} ${a[@]:1}"
declare -A m=([one]=1 [two]=2); for k in one two; do echo "$k=${m[$k]}"; done
s=hello.world.txt; echo "${s%.txt} ${s%%.*} ${s#*.} ${s/world/there} ${s^^} ${#s} ${s:6:5}"
cat <<EOT
here $((6 * 7)) $(echo nested "$(echo deep)")
EOT
cat <<'EOT'
raw $HOME `no`
EOT
cat <<< "a string"
f() { local x=$1; if ((x <= 1)); then echo 1; else echo $((x * $(f $((x - 1))))); fi; }; f 10
diff <(printf '1\n2\n3\n') <(printf '1\n3\n') ; echo "diff $?"
paste <(seq 3) <(seq 4 6) | tee >(cat >/tmp/tee.out) >/dev/null; sleep 0.2; cat /tmp/tee.out
trap 'echo got USR1' USR1; kill -USR1 $$; trap - USR1
(trap 'echo leaving' EXIT; exit 3); echo "status $?"
set -o pipefail; false | true; echo "pipefail $?"; set +o pipefail
for ((i = 0; i < 3; i++)); do printf '%d,' "$i"; done; echo
case abc in a*) echo case-a ;; *) echo other ;; esac
while read -r line; do echo "[$line]"; done < <(printf 'x\ny z\n')
[[ foobar =~ ^foo(.*)$ ]] && echo "match ${BASH_REMATCH[1]}"
printf '%s|%5d|%-5s|%05.2f|%x|%q\n' str 42 ab 3.14159 255 "a b"
echo {1..5} {a..e} pre{x,y}post
exec 3>/tmp/fd3; echo to-three >&3; exec 3>&-; cat /tmp/fd3
x=5; ((x += 3, x *= 2)); echo $x $((x % 7)) $((1 << 20)) $((-7 / 2))
echo "$(type -t cd) $(type -t f) $(type -t if) $(type -t ls)"
mapfile -t lines < <(seq 3); echo "${lines[*]}"
select_done() { return 7; }; select_done; echo $?
echo "${PIPESTATUS[@]}"; true | false | true; echo "${PIPESTATUS[@]}"
unset nope; echo "${nope:-default} ${nope+set}"; (: "${nope:?is unset}") 2>/dev/null; echo $?
