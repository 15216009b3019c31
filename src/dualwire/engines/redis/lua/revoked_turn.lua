#!lua flags=allow-oom
-- uses: log
-- What was revoked since a node looked; what nobody needs to remember any more is dropped.
-- KEYS: as in revoke.lua
-- ARGV: 9 life and 10 number that the node has, 11 how many at the most
-- Returns: { life, number, whether this is everything, key, "at until", ... }

local few = tonumber(ARGV[11])
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', whole(wall), 'LIMIT', 0, few)) do
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
  redis.call('ZREM', KEYS[3], key)
end
local numbers = redis.call('HMGET', KEYS[4], 'life', 'last')
local life, last = numbers[1] or '', tonumber(numbers[2] or 0)
if life ~= ARGV[9] then
  return { life, last, 1, redis.call('HGETALL', KEYS[1]) }
end
local since = tonumber(ARGV[10])
if since == last then
  return { life, last, 0, {} }
end
local found = {}
local changed = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. whole(since), '+inf', 'WITHSCORES', 'LIMIT', 0, few)
for i = 1, #changed, 2 do
  found[#found + 1] = changed[i]
  found[#found + 1] = redis.call('HGET', KEYS[1], changed[i])
  last = tonumber(changed[i + 1])
end
return { life, last, 0, found }
