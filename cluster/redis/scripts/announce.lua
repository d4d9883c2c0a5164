-- KEYS[1] members: id -> "at ttl json", at and ttl in µs; ARGV: id, ttl, json
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return 1
