-- KEYS[1] members: id -> "till json"; ARGV: id, ttl in µs, json
local time = redis.call('TIME')
local till = time[1] * 1000000 + time[2] + ARGV[2]
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', till) .. ' ' .. ARGV[3])
return 1
