-- ARGV: 2 ttl in µs, then key, owner, token of each; returns which (from 1) still are
local still = {}
for i = 3, #ARGV, 3 do
  local l = current(ARGV[i], ARGV[i + 1], ARGV[i + 2])
  if l then
    l.till = now + tonumber(ARGV[2])
    save(ARGV[i], l)
    still[#still + 1] = i / 3
  end
end
return still
