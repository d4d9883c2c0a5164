-- ARGV: 2 key, 3 owner, 4 token, 5 new owner, 6 ttl in µs
local key, token, to, ttl = ARGV[2], ARGV[4], ARGV[5], tonumber(ARGV[6])
local l = current(key, ARGV[3], token)
if l then
  l = {token = grant(), before = token, till = now + ttl, owner = to}
  save(key, l)
else
  l = load(key)
  if not (held(l) and l.owner == to and l.before == token) then return {} end
end
return {l.token, text(l.till - now), redis.call('HGET', KEYS[2], key)}
