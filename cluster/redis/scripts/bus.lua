-- What all scripts about a topic begin with. Everything of a topic lies on one slot, and
-- changes only in these scripts, so that it is whole at any time.
--
-- KEYS[1] queue:     stream of messages v, id, k(ey), t(ype), b(ody), dl (ms, or ''), a(sked),
--                    o(wn: nobody but who asked knows the id); what was handled is deleted.
--                    Its group is 'g'
-- KEYS[2] consumers: name -> when it was seen in ms, 0 = it left
-- KEYS[3] owners:    key -> the consumer that has messages of it
-- KEYS[4] counts:    key -> how many
-- KEYS[5] fence:     "token consumer" of the newest exclusive server
-- KEYS[6] dead:      stream of messages, with why, at (ms) and n (attempts)
-- ARGV[1] what all names of the topic begin with. Below it:
--         in:CONSUMER  list of the entries that were given to a consumer and not yet
--                      fetched, with a + before those that another may have begun
--         out:CONSUMER the number of the batch that it fetched last, and those entries
--         id:ID        "q" and, each after a line feed, the channels on which the answer is
--                      awaited; "d" and the answer; "e" and an error that only those
--                      hear who ask again, since the ID may be sent anew
-- ARGV[2] the channel on which servers are woken
local queue, consumers, owners, counts, fence, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local prefix, channel = ARGV[1], ARGV[2]
local week = 7 * 24 * 3600 * 1000 -- unused topics are forgotten after that, in ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function text(number) return string.format('%.0f', number) end

local function field(fields, name)
  for i = 1, #fields - 1, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
  return ''
end

local function mark(id) return prefix .. 'id:' .. id end

local function inbox(consumer) return prefix .. 'in:' .. consumer end

local function outbox(consumer) return prefix .. 'out:' .. consumer end

-- registered says whether a consumer still is one, and not fenced off.
local function registered(consumer, token)
  return redis.call('HEXISTS', consumers, consumer) == 1
    and (token == '' or redis.call('GET', fence) == token .. ' ' .. consumer)
end

-- release notes that one message less of a key is with its owner.
local function release(key)
  if key ~= '' and redis.call('HINCRBY', counts, key, -1) <= 0 then
    redis.call('HDEL', counts, key)
    redis.call('HDEL', owners, key)
  end
end

-- inherit gives all that a consumer has to another, in its order.
local function inherit(from, to)
  repeat
    local pending = redis.call('XPENDING', queue, 'g', '-', '+', 1000, from)
    if #pending > 0 then
      local ids, given = {}, {}
      for i, p in ipairs(pending) do
        ids[i], given[i] = p[1], '+' .. p[1]
      end
      ids[#ids + 1] = 'JUSTID'
      redis.call('XCLAIM', queue, 'g', to, 0, unpack(ids))
      redis.call('RPUSH', inbox(to), unpack(given))
    end
  until #pending < 1000
  local all = redis.call('HGETALL', owners)
  for i = 1, #all, 2 do
    if all[i + 1] == from then redis.call('HSET', owners, all[i], to) end
  end
  redis.call('DEL', inbox(from), outbox(from))
  redis.call('HDEL', consumers, from)
  redis.call('XGROUP', 'DELCONSUMER', queue, 'g', from)
end

-- touch keeps what the servers have.
local function touch(consumer)
  for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], week) end
  redis.call('PEXPIRE', inbox(consumer), week)
  redis.call('PEXPIRE', outbox(consumer), week)
end
