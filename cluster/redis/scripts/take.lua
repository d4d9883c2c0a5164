-- GCRA: KEYS[1] when the next would be due if they came evenly, in µs
-- ARGV: µs each, how many at once; returns the µs to wait, 0 = taken
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local every = tonumber(ARGV[1])
local most = now + every * tonumber(ARGV[2])
local kept = tonumber(redis.call('GET', KEYS[1]) or 0)
if kept > most then -- the clock was set back meanwhile, or the limit is another
  kept = most
  redis.call('SET', KEYS[1], string.format('%.0f', kept), 'PX', math.ceil((kept - now) / 1000))
end
local due = math.max(kept, now) + every
local wait = due - most
if wait > 0 then return string.format('%.0f', wait) end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
return '0'
