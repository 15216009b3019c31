#!lua
-- uses: log player
-- Let a player into a room whose tail was read before.
-- ARGV: 9 the room's stream, 10 its tail ("epoch offset"), 11 and 12 what the node has seen of the
--       player's stream
-- Result: whether that changed anything

if redis.call('HSETNX', rooms, ARGV[9], ARGV[10]) == 0 then
  return { 0, {}, {} }
end
local entry = append_own(ARGV[11], ARGV[12], 's' .. ARGV[10] .. ' ' .. ARGV[9])
return { 1, entry, snapshot() }
