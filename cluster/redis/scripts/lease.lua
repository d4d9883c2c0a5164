-- What all lease scripts begin with. All leases lie in one hash, so that every script
-- works on one slot and a renewal of many is one call.
--
-- KEYS[1] leases: key -> "token before till owner"; owner "" = released,
--         before = the token the newest transfer was asked with, or 0; till in µs
-- KEYS[2] notes:  key -> note
-- KEYS[3] the newest token
-- KEYS[4] stands for a while after this server has lost what it knew
-- ARGV[1] the highest token the caller has seen
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function text(number) return string.format('%.0f', number) end

local function load(key)
  local v = redis.call('HGET', KEYS[1], key)
  if not v then return nil end
  local token, before, till, owner = string.match(v, '^(%d+) (%d+) (%d+) (.*)$')
  return {token = token, before = before, till = tonumber(till), owner = owner}
end

local function save(key, l)
  redis.call('HSET', KEYS[1], key, l.token .. ' ' .. l.before .. ' ' .. text(l.till) .. ' ' .. l.owner)
end

local function current(l, owner, token) return l and l.owner == owner and l.token == token end

local function held(l) return l and l.owner ~= '' and l.till > now end

local function newest() return tonumber(redis.call('GET', KEYS[3]) or 0) end

-- remember notices that this server once knew more than it knows: it was restarted
-- without its data, or is a replica that had not heard of the newest grants. For
-- one ttl only those who had something get it back.
local function remember(ttl)
  local seen = tonumber(ARGV[1])
  if newest() >= seen then return end
  redis.call('SET', KEYS[3], text(seen))
  redis.call('SET', KEYS[4], '1', 'PX', math.ceil(ttl / 1000))
end

-- grant returns a token above all there were, also those this server never heard of:
-- no clock was ahead of this one when they were granted.
local function grant()
  local token = text(math.max(newest() + 1, now))
  redis.call('SET', KEYS[3], token)
  return token
end
