#!lua flags=allow-oom
-- uses: log
-- Remember what is revoked.
-- KEYS: 1 revoked (key -> "at until"), 2 changes (key by number), 3 ends (key by until), 4 numbers
-- ARGV: from 9: key, at, until (milliseconds since 1970), and so on; of two the later ones count
-- Returns: how many keys there are

if redis.call('EXISTS', KEYS[4]) == 0 then
  redis.call('HSET', KEYS[4], 'life', whole(now) .. ARGV[3], 'last', 0)
end
for i = 9, #ARGV, 3 do
  local key, at, ends = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local known = redis.call('HGET', KEYS[1], key)
  if known then
    local known_at, known_ends = string.match(known, '^(%d+) (%d+)$')
    at, ends = math.max(at, tonumber(known_at)), math.max(ends, tonumber(known_ends))
  end
  redis.call('HSET', KEYS[1], key, whole(at) .. ' ' .. whole(ends))
  redis.call('ZADD', KEYS[2], redis.call('HINCRBY', KEYS[4], 'last', 1), key)
  redis.call('ZADD', KEYS[3], whole(ends), key)
end
return redis.call('HLEN', KEYS[1])
