-- What all lease scripts begin with. All leases lie in one hash, so that every script
-- works on one slot and a renewal of many is one call.
--
-- KEYS[1] leases: key -> "token before till owner"; owner "" = released,
--         before = the token the newest transfer was asked with, or 0; till in µs
-- KEYS[2] notes:  key -> note
-- KEYS[3] the newest token
-- KEYS[4] since when this server remembers, in µs: what was granted before may be
--         missing here
-- KEYS[5] is there for a while after it has turned out that something is missing
-- KEYS[6] this server's clock when it was asked last, in µs
-- ARGV[1] the highest token the caller has seen
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function text(number) return string.format('%.0f', number) end

local function number(key) return tonumber(redis.call('GET', key) or 0) end

-- A server that has never granted anything is new, or was started without its data. One
-- whose newest token is older than what a caller has seen is one of the latter, too, or
-- was a replica that had not heard of the newest grants; then, for 5 s, only those who
-- had something get it back.
do
  local newest, seen = number(KEYS[3]), tonumber(ARGV[1])
  if newest == 0 or newest < seen then
    redis.call('SET', KEYS[3], text(math.max(newest, seen, 1)))
    redis.call('SET', KEYS[4], text(math.max(seen, now - 1)))
  end
  if newest < seen then redis.call('SET', KEYS[5], '1', 'PX', 5000) end
end

local function parse(v)
  if not v then return nil end
  local token, before, till, owner = string.match(v, '^(%d+) (%d+) (%d+) (.*)$')
  return {token = token, before = before, till = tonumber(till), owner = owner}
end

local function load(key) return parse(redis.call('HGET', KEYS[1], key)) end

local function save(key, l)
  redis.call('HSET', KEYS[1], key, l.token .. ' ' .. l.before .. ' ' .. text(l.till) .. ' ' .. l.owner)
end

-- A clock that was set back, or that of a replica which is behind, would let what has
-- expired stay held until it has caught up: all leases move with it.
do
  local before = number(KEYS[6])
  local back = before - now
  if back > 1000000 then
    for _, key in ipairs(redis.call('HKEYS', KEYS[1])) do
      local l = load(key)
      l.till = l.till - back
      save(key, l)
    end
    if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('SET', KEYS[5], '1', 'PX', 5000) end
  end
  if math.abs(back) > 100000 then redis.call('SET', KEYS[6], text(now)) end
end

-- grant returns a token above all there were, also those this server never heard of:
-- no clock was ahead of this one when they were granted.
local function grant()
  local token = text(math.max(number(KEYS[3]) + 1, now))
  redis.call('SET', KEYS[3], token)
  return token
end

local function held(l) return l and l.owner ~= '' and l.till > now end

-- current returns the lease if it is still that owner's with that token, or nil. What
-- this server forgot, or knows only from before, is believed: of two who come with one,
-- the newer grant wins.
local function current(key, owner, token)
  local l = load(key)
  local forgotten
  if l then
    forgotten = tonumber(l.token) < tonumber(token)
  else
    forgotten = tonumber(token) <= number(KEYS[4])
  end
  if forgotten then l = {token = token, before = '0', till = now, owner = owner} end
  if l and l.owner == owner and l.token == token then return l end
end
