-- ARGV: 2 key, 3 owner, 4 ttl in µs, 5 how long notes stay in µs
local key, owner, ttl = ARGV[2], ARGV[3], tonumber(ARGV[4])
local l = load(key)
if held(l) then
  if l.owner ~= owner then return {} end
else
  if not l and redis.call('EXISTS', KEYS[5]) == 1 then return {} end
  l = {token = grant(), before = '0', owner = owner}
  if tonumber(l.token) % 64 == 0 then -- now and then: forget what nobody came back for
    for _, old in ipairs(redis.call('HKEYS', KEYS[1])) do
      if load(old).till + tonumber(ARGV[5]) < now then
        redis.call('HDEL', KEYS[1], old)
        redis.call('HDEL', KEYS[2], old)
      end
    end
  end
end
l.till = now + ttl
save(key, l)
return {l.token, redis.call('HGET', KEYS[2], key)}
