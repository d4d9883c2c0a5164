-- ARGV: 3 consumer, 4 token or ''. It leaves; what it has goes to another consumer that
-- lives, or waits for one.
local consumer, heir = ARGV[3], nil
if not registered(consumer, ARGV[4]) then return 0 end
local all = redis.call('HGETALL', consumers)
local newest = 0
for i = 1, #all, 2 do
  if all[i] ~= consumer and tonumber(all[i + 1]) > newest then
    heir, newest = all[i], tonumber(all[i + 1])
  end
end
local pending = redis.pcall('XPENDING', queue, 'g', '-', '+', 1, consumer)
if heir then
  inherit(consumer, heir)
elseif pending.err or #pending == 0 then
  redis.call('HDEL', consumers, consumer)
  redis.call('DEL', inbox(consumer), outbox(consumer))
  redis.pcall('XGROUP', 'DELCONSUMER', queue, 'g', consumer)
else
  redis.call('HSET', consumers, consumer, '0')
end
redis.call('PUBLISH', channel, '')
return 1
