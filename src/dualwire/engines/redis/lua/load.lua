#!lua flags=allow-oom
-- uses: log
-- Entries above an offset, and what else a follower needs to know as of the same moment.
-- KEYS: 1 meta, 2 log, 3 rooms, 4 player, 5 channel
-- ARGV: 9 and 10 what the node has seen (epoch, offset), 11 after, 12 limit (empty for none),
--       13 forked: whether the log contradicts what the node has seen of that epoch,
--       14 mine: whether the node can put the player back if the log stands behind what it has seen
-- Returns: epoch, offset, offset of the first item, items, rooms, session, now, first that is kept;
--          nothing if the player is to be put back first

local stream = { meta = KEYS[1], log = KEYS[2], player = KEYS[4], channel = KEYS[5] }
if ARGV[14] == '1' and is_behind(stream, ARGV[9], tonumber(ARGV[10])) then
  return {}
end
local epoch, offset = position(stream, ARGV[9], tonumber(ARGV[10]))
if ARGV[13] == '1' and epoch == ARGV[9] then
  epoch, offset = begin(stream, epoch)
end
local first = offset - expire(stream) + 1
local start = math.max(first, tonumber(ARGV[11]) + 1)
local last = -1
if ARGV[12] ~= '' then
  last = start - first + tonumber(ARGV[12]) - 1
end
local items = redis.call('LRANGE', stream.log, start - first, last)
local rooms = redis.call('HGETALL', KEYS[3])
local session = redis.call('HGET', KEYS[4], 'session')
return { epoch, offset, start, items, rooms, session or '', now, first }
