-- Returns length, pending, dead, ms since the oldest was sent, token, and consumers: name,
-- pending, ms since it was seen.
local found, known, pending = {}, {}, 0
local list = redis.pcall('XINFO', 'CONSUMERS', queue, 'g')
if not list.err then
  for _, c in ipairs(list) do
    pending, known[c[2]] = pending + c[4], true
    local seen = tonumber(redis.call('HGET', consumers, c[2]) or 0)
    if seen > 0 or c[4] > 0 then found[#found + 1] = {c[2], c[4], seen > 0 and now - seen or -1} end
  end
end
local all = redis.call('HGETALL', consumers) -- those whom no message has reached yet, too
for i = 1, #all, 2 do
  local seen = tonumber(all[i + 1])
  if seen > 0 and not known[all[i]] then found[#found + 1] = {all[i], 0, now - seen} end
end
local oldest = redis.call('XRANGE', queue, '-', '+', 'COUNT', 1)[1]
local token = string.match(redis.call('GET', fence) or '', '^(%d+) ') or '0'
local age = oldest and math.max(0, now - tonumber(string.match(oldest[1], '^%d+'))) or 0
return {redis.call('XLEN', queue), pending, redis.call('XLEN', dead), age, token, found}
