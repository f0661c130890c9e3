# Classes, big integers, dictionaries, json, regular expressions, floating point, hashing, exceptions, generators.
python3 - <<'PY'
import json, re, hashlib, math, struct, zlib, random, itertools, decimal, collections
class Node:
    def __init__(self, v): self.v, self.kids = v, []
    def total(self): return self.v + sum(k.total() for k in self.kids)
root = Node(1)
nodes = [root]
for i in range(2, 400):
    n = Node(i); nodes[i * 7919 % len(nodes)].kids.append(n); nodes.append(n)
print(root.total())
print(hex(3 ** 500 % (10 ** 120 + 7)), math.factorial(60) // 12345678901234567)
print(hashlib.sha256(b'abc' * 1000).hexdigest(), hashlib.md5(b'x' * 999).hexdigest(), zlib.crc32(b'hello' * 500))
d = {str(i): [i, i / 7, {'k': i % 3 == 0}] for i in range(300)}
s = json.dumps(d, sort_keys=True); print(len(s), hashlib.sha1(s.encode()).hexdigest(), json.loads(s) == d)
print(re.sub(r'(\w+)@(\w+)\.com', r'\2 at \1', 'joe@example.com, ann@test.com ' * 3))
random.seed(7); xs = [random.random() for _ in range(2000)]
print(math.fsum(xs), sorted(xs)[1000], sum(math.sin(x) * math.exp(-x) for x in xs))
print(struct.pack('<dfqhB', 1.5, 2.25, -3, 4, 5).hex(), float('1e-310'), 1e16 + 1, round(2.675, 2), 0.1 + 0.2)
def primes(n):
    sieve = bytearray([1]) * (n + 1)
    for i in range(2, int(n ** .5) + 1):
        if sieve[i]: sieve[i * i::i] = bytes(len(range(i * i, n + 1, i)))
    return sum(sieve) - 2
print(primes(50000), list(itertools.islice(itertools.permutations('abcd'), 5)))
try: [][1]
except IndexError as e: print('caught', e)
print(decimal.Decimal(2).sqrt(), collections.Counter('mississippi').most_common(2))
print(sum(divmod(i * 123456789, 9973)[1] for i in range(3000)), '%.20f' % (1 / 3), -7 // 2, -7 % 3, 7 >> 1, ~7)
PY
