-- ARGV: 2 prefix; returns key, owner, token, µs left and note of each
local prefix, found = ARGV[2], {}
for _, key in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(key, 1, #prefix) == prefix then
    local l = load(key)
    if held(l) then
      found[#found + 1] = {key, l.owner, l.token, text(l.till - now), redis.call('HGET', KEYS[2], key)}
    end
  end
end
return found
