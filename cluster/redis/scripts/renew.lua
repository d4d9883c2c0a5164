-- ARGV: 2 ttl in µs, then key, owner, token of each; returns which (from 1) still are
local ttl = tonumber(ARGV[2])
remember(ttl)
local still = {}
for i = 3, #ARGV, 3 do
  local key, owner, token = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local l = load(key)
  -- A lease this server does not know, or knows only from before: it forgot. Of two
  -- who come with one, the newer grant wins.
  local forgotten = not l or tonumber(l.token) < tonumber(token)
  if forgotten then l = {token = token, before = '0', owner = owner} end
  if current(l, owner, token) then
    l.till = now + ttl
    save(key, l)
    still[#still + 1] = (i - 3) / 3 + 1
  end
end
return still
