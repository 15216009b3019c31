#!lua flags=allow-oom
-- uses: log
-- What changed in one part of the index since a node looked, and who is due to be looked at: those
-- are left to this node for a while, and come up again if it dies.
-- KEYS: 1 records, 2 changes, 3 numbers, 4 due
-- ARGV: 9 life and 10 number that the node has, 11 how long the due ones are left to it, 12 how many
-- Returns: { life, number, whether this is everything, player, record, ... , due players }

local few = tonumber(ARGV[12])
local due = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', whole(now), 'LIMIT', 0, few)
for _, player in ipairs(due) do
  redis.call('ZADD', KEYS[4], whole(now + tonumber(ARGV[11])), player)
end
local numbers = redis.call('HMGET', KEYS[3], 'life', 'last', 'floor')
local life, last = numbers[1] or '', tonumber(numbers[2] or 0)
local since = tonumber(ARGV[10])
if life ~= ARGV[9] or since < tonumber(numbers[3] or 0) then
  return { life, last, 1, redis.call('HGETALL', KEYS[1]), due }
end
if since == last then
  return { life, last, 0, {}, due }
end
local changed = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. whole(since), '+inf', 'WITHSCORES', 'LIMIT', 0, few)
local found = {}
for i = 1, #changed, 2 do
  found[#found + 1] = changed[i]
  found[#found + 1] = redis.call('HGET', KEYS[1], changed[i]) or '0 '
  last = tonumber(changed[i + 1])
end
return { life, last, 0, found, due }
