#!lua
-- uses: log player
-- Keep a command's reply and append it to the player's stream.
-- KEYS: also 10 command. ARGV: 9 keep (milliseconds), 10 body of the entry, 11 and 12 what the node
--       has seen, 13 the node that must be the one that runs it (empty for any)
-- Result: whether it was claimed and had no reply yet

local known = redis.call('GET', KEYS[10])
local running = known and string.match(known, '^r (.*)$')
if not running or (ARGV[13] ~= '' and running ~= ARGV[13]) then
  return { 0, {}, {} }
end
local entry = append_own(ARGV[11], ARGV[12], ARGV[10])
redis.call('SET', KEYS[10], 'd ' .. whole(now) .. ' ' .. ARGV[10], 'PX', ARGV[9])
return { 1, entry, {} }
