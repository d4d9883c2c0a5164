-- ARGV: 2 key, 3 owner, 4 token, 5 note
if not current(load(ARGV[2]), ARGV[3], ARGV[4]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[5])
return 1
