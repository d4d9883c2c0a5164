-- KEYS[1] members; returns the json of those who are there
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local all, found = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local till, json = string.match(all[i + 1], '^(%d+) (.*)$')
  if tonumber(till) > now then
    found[#found + 1] = json
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return found
