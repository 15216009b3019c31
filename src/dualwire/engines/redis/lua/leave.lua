#!lua
-- uses: log player
-- Take a player out of a room whose tail was read before.
-- ARGV: as enter
-- Result: whether that changed anything

local start = redis.call('HGET', rooms, ARGV[9])
if not start then
  return { 0, {}, {} }
end
local body = 'u' .. start .. ' ' .. ARGV[10] .. ' ' .. ARGV[9]
local entry = append_own(ARGV[11], ARGV[12], body)
redis.call('HDEL', rooms, ARGV[9])
return { 1, entry, snapshot() }
