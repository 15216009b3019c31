#!lua flags=allow-oom
-- uses: log
-- Write players' records into one part of the index, and when somebody has to look at them.
-- KEYS: 1 records, 2 changes, 3 numbers, 4 due, 5 graves
-- ARGV: from 9: player, version, record (empty if nothing is left of the player), due (or empty)
-- Returns: how many were newer than what was there

local GRAVE = 600000 -- milliseconds that a removal can be learned as a change
if redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('HSET', KEYS[3], 'life', whole(now) .. ARGV[3], 'last', 0, 'floor', 0)
end
local written = 0
for i = 9, #ARGV, 4 do
  local player, version, record, due = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local known = redis.call('HGET', KEYS[1], player)
  if not known or tonumber(string.match(known, '^%d+')) < tonumber(version) then
    local last = redis.call('HINCRBY', KEYS[3], 'last', 1)
    redis.call('HSET', KEYS[1], player, version .. ' ' .. record)
    redis.call('ZADD', KEYS[2], last, player)
    if record == '' then
      redis.call('ZADD', KEYS[5], now, player)
    else
      redis.call('ZREM', KEYS[5], player)
    end
    if due ~= '' then
      redis.call('ZADD', KEYS[4], due, player)
    else
      redis.call('ZREM', KEYS[4], player)
    end
    written = written + 1
  end
end
for _, player in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now - GRAVE, 'LIMIT', 0, 32)) do
  local last = redis.call('ZSCORE', KEYS[2], player)
  if last and tonumber(last) > tonumber(redis.call('HGET', KEYS[3], 'floor')) then
    redis.call('HSET', KEYS[3], 'floor', last)
  end
  redis.call('HDEL', KEYS[1], player)
  redis.call('ZREM', KEYS[2], player)
  redis.call('ZREM', KEYS[5], player)
end
return written
