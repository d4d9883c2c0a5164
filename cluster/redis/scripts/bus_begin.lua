-- ARGV: 3 consumer, 4 token or '', 5 entry. Notes that it is begun another time.
-- Returns the number of the attempt, 0 when the entry is no longer the consumer's, -1
-- when the consumer is none any more.
local consumer, entry = ARGV[3], ARGV[5]
if not registered(consumer, ARGV[4]) then return -1 end
local pending = redis.call('XPENDING', queue, 'g', entry, entry, 1, consumer)
if #pending == 0 then return 0 end
local attempt = pending[1][4] + 1
redis.call('XCLAIM', queue, 'g', consumer, 0, entry, 'RETRYCOUNT', attempt, 'JUSTID')
return attempt
