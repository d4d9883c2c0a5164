-- KEYS: 1 entries, 2 the highest token that has written them
-- ARGV: 1 token, 2 how long the token stays in ms, 3 ttl in ms (0 = for ever, -1 = empty
-- the table), 4 how many entries to set, then name and value of each, then names to delete
local token = redis.call('GET', KEYS[2])
if token and tonumber(token) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
local ttl, sets = tonumber(ARGV[3]), tonumber(ARGV[4])
if ttl < 0 then
  redis.call('UNLINK', KEYS[1])
  return 1
end
for i = 5, 3 + 2 * sets, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = 5 + 2 * sets, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
if ttl > 0 then redis.call('PEXPIRE', KEYS[1], ttl) else redis.call('PERSIST', KEYS[1]) end
return 1
