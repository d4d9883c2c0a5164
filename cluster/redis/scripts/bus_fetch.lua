-- ARGV: 3 consumer, 4 token or '', 5 how many, 6 after how many ms a consumer counts as
-- dead, 7 the number of the batch: one more than that of the last one that had entries and
-- arrived. A batch whose answer was lost is returned again. Also says that the consumer
-- lives.
-- Returns the server's time in ms, 1 when there may be more, how many were past their
-- deadline, and entries: id, 1 when another may have begun it, fields. Nothing at all when
-- the consumer is none any more.
local consumer, token, most = ARGV[3], ARGV[4], tonumber(ARGV[5])
if not registered(consumer, token) then return {} end
if redis.call('EXISTS', queue) == 0 then return {} end
redis.call('HSET', consumers, consumer, text(now))
if token == '' then
  local all = redis.call('HGETALL', consumers)
  for i = 1, #all, 2 do
    if all[i] ~= consumer and tonumber(all[i + 1]) + tonumber(ARGV[6]) < now then inherit(all[i], consumer) end
  end
end
touch(consumer)

local entries, expired, bytes, more = {}, 0, 0, 0
local out = {}
local function take(id, fields, begun)
  local dl = tonumber(field(fields, 'dl'))
  if dl and dl <= now then
    redis.call('XACK', queue, 'g', id)
    redis.call('XDEL', queue, id)
    redis.call('DEL', mark(field(fields, 'id')))
    release(field(fields, 'k'))
    expired = expired + 1
    return
  end
  bytes = bytes + #field(fields, 'b')
  entries[#entries + 1] = {id, begun, fields}
  out[#out + 1] = begun == 1 and '+' .. id or id
end

local function open(given)
  local id, begun = given, 0
  if string.sub(given, 1, 1) == '+' then id, begun = string.sub(given, 2), 1 end
  local e = redis.call('XRANGE', queue, id, id)[1]
  if e then take(id, e[2], begun) else redis.call('XACK', queue, 'g', id) end
end

local batch, last = tonumber(ARGV[7]), tonumber(redis.call('LINDEX', outbox(consumer), 0) or 0)
if batch < last then return {now, 0, 0, {}} end -- it was long under way; nobody waits any more
if batch == last then
  for _, given in ipairs(redis.call('LRANGE', outbox(consumer), 1, -1)) do open(given) end
  if #entries > 0 then return {now, 1, expired, entries} end
end

local function room() return #entries < most and bytes < 1048576 and expired < 1000 end

local empty = false
while room() do
  local given = redis.call('LPOP', inbox(consumer))
  if not given then
    empty = true
    break
  end
  open(given)
end

local wake = false
while empty and room() do
  local count = math.min(32, most - #entries)
  local read = redis.call('XREADGROUP', 'GROUP', 'g', consumer, 'COUNT', count, 'STREAMS', queue, '>')
  local news = read and read[1][2] or {}
  for _, e in ipairs(news) do
    local key = field(e[2], 'k')
    local owner = key ~= '' and redis.call('HGET', owners, key)
    if key ~= '' then redis.call('HINCRBY', counts, key, 1) end
    if owner and owner ~= consumer and redis.call('HEXISTS', consumers, owner) == 1 then
      redis.call('XCLAIM', queue, 'g', owner, 0, e[1], 'JUSTID')
      redis.call('RPUSH', inbox(owner), e[1])
      wake = true
    else
      if key ~= '' then redis.call('HSET', owners, key, consumer) end
      take(e[1], e[2], 0)
    end
  end
  if #news < count then break end
end
if not room() then more = 1 end
if #out > 0 then
  redis.call('DEL', outbox(consumer))
  redis.call('RPUSH', outbox(consumer), batch, unpack(out))
  redis.call('PEXPIRE', outbox(consumer), week)
end
if wake then redis.call('PUBLISH', channel, '') end
return {now, more, expired, entries}
