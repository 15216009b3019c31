#!lua
-- uses: log
-- Number and append one event, unless its publish id was used; tell of it.
-- KEYS: 1 meta, 2 log, 3 rooms, 4 player, 5 channel, 6 publish id
-- ARGV: 9 and 10 what the node has seen (epoch, offset), 11 body, 12 life of the id in milliseconds
-- Returns: repeated, epoch, offset, now

local stream = { meta = KEYS[1], log = KEYS[2], player = KEYS[4], channel = KEYS[5] }
local known = redis.call('GET', KEYS[6])
if known then
  local at, epoch, offset = string.match(known, '^(%d+) (%S+) (%d+)$')
  if now - tonumber(at) < tonumber(ARGV[12]) then
    return { 1, epoch, tonumber(offset), now }
  end
end
local epoch, offset = append(stream, ARGV[9], tonumber(ARGV[10]), ARGV[11])
local value = whole(now) .. ' ' .. epoch .. ' ' .. whole(offset)
redis.call('SET', KEYS[6], value, 'PX', ARGV[12])
return { 0, epoch, offset, now }
