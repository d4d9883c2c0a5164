-- ARGV: 2 key, 3 owner, 4 token
local l = current(ARGV[2], ARGV[3], ARGV[4])
if l then
  l.owner = ''
  save(ARGV[2], l)
end
return 1
