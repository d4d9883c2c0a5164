-- ARGV: 3 consumer, 4 token or '', 5 entry, 6 key, 7 id, 8 verdict: done, forget, late or
-- dead, 9 answer, 10 ms to keep it, 11 topic, 12 why it is dead, 13 attempts, 14 most dead.
-- Returns 1, also when it was done before; 0 when the consumer is none any more.
local consumer, entry, key, id, verdict, answer = ARGV[3], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
if not registered(consumer, ARGV[4]) then return 0 end
if redis.call('XACK', queue, 'g', entry) == 0 then return 1 end
if verdict == 'dead' then
  local e = redis.call('XRANGE', queue, entry, entry)[1]
  if e then
    redis.call('XADD', dead, 'MAXLEN', '~', ARGV[14], '*', 'why', ARGV[12], 'at', text(now), 'n', ARGV[13], unpack(e[2]))
    redis.call('PEXPIRE', dead, 4 * week)
  end
end
redis.call('XDEL', queue, entry)
release(key)
if id == '' then return 1 end
local known = redis.call('GET', mark(id))
if verdict == 'done' then
  redis.call('SET', mark(id), 'd' .. answer, 'PX', ARGV[10])
elseif verdict == 'late' then
  redis.call('DEL', mark(id))
else
  redis.call('SET', mark(id), 'e' .. answer, 'PX', 60000)
end
if known and string.sub(known, 1, 1) == 'q' and verdict ~= 'late' then
  -- A long answer is asked for: PUBLISH goes to all servers of a Redis Cluster. So is one
  -- that is not final: it may arrive when the same id has been sent anew.
  if verdict ~= 'done' or #answer > 16384 then answer = '' end
  for to in string.gmatch(known, '\n([^\n]+)') do
    redis.call('PUBLISH', to, ARGV[11] .. '\n' .. id .. '\n' .. answer)
  end
end
return 1
