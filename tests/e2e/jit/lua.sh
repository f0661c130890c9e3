# Closures, strings, tables, queens, floating point.
lua - <<'LUA'
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(20))
local t = {} for i = 1, 3000 do t[#t + 1] = (i * 7919) % 3001 end table.sort(t) print(t[1], t[1500], t[3000])
local s = {} for i = 1, 500 do s[i] = string.format('%05.2f', i / 3) end local j = table.concat(s, ',') print(#j, j:sub(1, 40), (j:gsub('3', 'x')):sub(1, 30))
local n, count = 7, 0
local function place(row, cols, d1, d2)
  if row == n then count = count + 1 return end
  for c = 0, n - 1 do local a, b = row + c, row - c
    if not cols[c] and not d1[a] and not d2[b] then cols[c], d1[a], d2[b] = true, true, true place(row + 1, cols, d1, d2) cols[c], d1[a], d2[b] = nil, nil, nil end end
end
place(0, {}, {}, {}) print(count)
print(1 // 0.0, -7 // 2, -7 % 3, 7 & 3, 1 << 62, 2 ^ 0.5, math.pi, math.tointeger(3.0), 10 / 3)
print(pcall(error, { code = 1 }), select('#', table.unpack({ 1, 2, 3 })), string.rep('ab', 3, '-'), ('x'):byte())
LUA
