-- KEYS[1] members; returns the json of those who are there. Who spoke in the future did so
-- before the clock was set back, and speaks again in a moment if it lives.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local all, found = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local at, ttl, json = string.match(all[i + 1], '^(%d+) (%d+) (.*)$')
  if at and at + ttl > now and at - now < 1000000 then
    found[#found + 1] = json
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return found
