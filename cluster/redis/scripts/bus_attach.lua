-- ARGV: 3 consumer, 4 token or '' when the work is shared, 5 what it was called before or
-- '', 6 after how many ms a consumer counts as dead.
-- Returns 1, or 0 when another has taken over.
local consumer, token, before = ARGV[3], ARGV[4], ARGV[5]
if token ~= '' then
  local newest, by = string.match(redis.call('GET', fence) or '', '^(%d+) (.*)$')
  if newest then
    local higher = #newest > #token or (#newest == #token and newest > token)
    if higher or (before ~= '' and newest == token and by ~= before and by ~= consumer) then return 0 end
  end
  redis.call('SET', fence, token .. ' ' .. consumer)
end
redis.pcall('XGROUP', 'CREATE', queue, 'g', '0', 'MKSTREAM') -- BUSYGROUP: it is there
redis.call('HSET', consumers, consumer, text(now))
local others = redis.call('HKEYS', consumers)
for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', queue, 'g')) do others[#others + 1] = c[2] end
for _, other in ipairs(others) do
  if other ~= consumer then
    local seen = tonumber(redis.call('HGET', consumers, other) or 0)
    if token ~= '' or other == before or seen + tonumber(ARGV[6]) < now then inherit(other, consumer) end
  end
end
touch(consumer)
redis.call('PUBLISH', channel, '') -- whoever was replaced looks at once
return 1
