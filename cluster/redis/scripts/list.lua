-- ARGV: 2 prefix; returns key, owner, token, µs left and note of each
local prefix, found = ARGV[2], {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local key = all[i]
  if string.sub(key, 1, #prefix) == prefix then
    local l = parse(all[i + 1])
    if held(l) then
      found[#found + 1] = {key, l.owner, l.token, text(l.till - now)}
    end
  end
end
local batch = 1000 -- of what unpack takes
for first = 1, #found, batch do
  local keys = {}
  for i = first, math.min(first + batch - 1, #found) do keys[#keys + 1] = found[i][1] end
  for i, note in ipairs(redis.call('HMGET', KEYS[2], unpack(keys))) do
    found[first + i - 1][5] = note
  end
end
return found
