-- ARGV: 3 entry of the dead. It is sent again, unless its ID is on its way or handled.
-- Returns 1, 0 when there is no such entry.
local e = redis.call('XRANGE', dead, ARGV[3], ARGV[3])[1]
if not e then return 0 end
local id = field(e[2], 'id')
local state = string.sub(redis.call('GET', mark(id)) or '', 1, 1)
if id == '' or state == '' or state == 'e' then
  local fields, skip = {}, {why = true, at = true, n = true, dl = true, a = true}
  for i = 1, #e[2] - 1, 2 do
    if not skip[e[2][i]] then
      fields[#fields + 1] = e[2][i]
      fields[#fields + 1] = e[2][i + 1]
    end
  end
  redis.call('XADD', queue, '*', 'dl', '', 'a', '', unpack(fields))
  redis.call('PEXPIRE', queue, week)
  if id ~= '' then redis.call('SET', mark(id), 'q', 'PX', week) end
  redis.call('PUBLISH', channel, '')
end
redis.call('XDEL', dead, ARGV[3])
return 1
