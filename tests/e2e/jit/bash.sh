# Shell arithmetic, strings, arrays, patterns, functions.
fib() { local n=$1; if ((n < 2)); then echo "$n"; else echo $(( $(fib $((n-1))) + $(fib $((n-2))) )); fi; }
fib 9
declare -A count
for word in a b c a b a; do ((count[$word]++)); done
for key in a b c; do echo "$key ${count[$key]}"; done
s=; for i in {1..300}; do s+=$((i * i % 7)); done; echo "${s//[0-3]/x}" | cksum
[[ 2026-11-29 =~ ^([0-9]+)-([0-9]+)-([0-9]+)$ ]] && echo "${BASH_REMATCH[@]}"
printf '%s\n' {z..a} | while read -r letter; do printf '%d ' "'$letter"; done; echo
x=1; for ((i = 0; i < 2000; i++)); do ((x = (x * 1103515245 + 12345) & 0x7fffffff)); done; echo $x
trap 'echo child gone' CHLD; (exit 3); wait; echo "status $?"
