-- ARGV: 2 key, 3 owner, 4 token, 5 note
local l = current(ARGV[2], ARGV[3], ARGV[4])
if not l then return 0 end
save(ARGV[2], l)
redis.call('HSET', KEYS[2], ARGV[2], ARGV[5])
return 1
