-- ARGV: 2 key, 3 owner, 4 token
local l = load(ARGV[2])
if current(l, ARGV[3], ARGV[4]) then
  l.owner = ''
  save(ARGV[2], l)
end
return 1
