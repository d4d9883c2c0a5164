-- KEYS: 1 feed: stream of n, t(ype), b(ody), 2 how many there were, 3 stands for this event;
-- ARGV: 1 channel, 2 type, 3 body, 4 how many are kept
if not redis.call('SET', KEYS[3], '', 'NX', 'PX', 10000) then return 1 end
local day = 24 * 3600 * 1000
local n = redis.call('INCR', KEYS[2])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'n', n, 't', ARGV[2], 'b', ARGV[3])
redis.call('PEXPIRE', KEYS[1], day)
redis.call('PEXPIRE', KEYS[2], day)
redis.call('PUBLISH', ARGV[1], '')
return 1
