-- KEYS as above; ARGV: 1 the last entry that was read, '' = begin now, 2 how many.
-- Returns the newest entry, its n, and entries that follow. Entries come from the
-- beginning when the feed is younger than the last entry.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last then return {'0-0', 0, {}} end
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local n = 0
for i = 1, #last[2] - 1, 2 do
  if last[2][i] == 'n' then n = tonumber(last[2][i + 1]) or 0 end
end
if ARGV[1] == '' then return {last[1], n, {}} end
local ms, seq = parts(last[1])
local atMs, atSeq = parts(ARGV[1])
local from = '(' .. ARGV[1]
if ms < atMs or (ms == atMs and seq < atSeq) then from = '-' end
return {last[1], n, redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', ARGV[2])}
