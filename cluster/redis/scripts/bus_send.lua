-- ARGV: 3 id, 4 key, 5 type, 6 body, 7 ms until the deadline or '', 8 where the answer is
-- awaited or '', 9 how many messages may wait, 10 "1" when it is asked again, 11 "1" when
-- nobody but who asks knows the id.
-- Returns 'q' when it waits or is being handled, 'full', or 'd' and the answer.
local id, left, to = ARGV[3], ARGV[7], ARGV[8]
local known = redis.call('GET', mark(id))
local state = known and string.sub(known, 1, 1)
if state == 'd' or (state == 'e' and ARGV[10] == '1') then return 'd' .. string.sub(known, 2) end
if state == 'q' then
  if to ~= '' and not string.find(known, '\n' .. to, 1, true) then
    if #known > 1000 then known = 'q' end -- those before ask again
    redis.call('SET', mark(id), known .. '\n' .. to, 'KEEPTTL')
  end
  return 'q'
end
local till = ''
if left ~= '' then
  if tonumber(left) <= 0 then return 'q' end -- nobody would handle it
  till = text(now + left)
end
local length = redis.call('XLEN', queue)
if length > 0 and length % 256 == 0 then -- perhaps nobody serves: what nobody will handle makes room
  for _, e in ipairs(redis.call('XRANGE', queue, '-', '+', 'COUNT', 512)) do
    local dl = tonumber(field(e[2], 'dl'))
    local pending = redis.pcall('XPENDING', queue, 'g', e[1], e[1], 1)
    if not dl or dl > now or #pending > 0 then break end
    redis.call('XDEL', queue, e[1])
    redis.call('DEL', mark(field(e[2], 'id')))
    length = length - 1
  end
end
if length >= tonumber(ARGV[9]) then return 'full' end
redis.call('XADD', queue, '*', 'v', '1', 'id', id, 'k', ARGV[4], 't', ARGV[5], 'b', ARGV[6],
  'dl', till, 'a', to ~= '' and '1' or '', 'o', ARGV[11] == '1' and '1' or '')
redis.call('PEXPIRE', queue, week)
redis.call('SET', mark(id), to ~= '' and 'q\n' .. to or 'q', 'PX', week)
redis.call('PUBLISH', channel, '')
return 'q'
