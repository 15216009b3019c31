#!lua flags=allow-oom
-- uses: log
-- A node lives; which others do, and which dead ones are this node's to clean up after.
-- KEYS: 1 alive (node by the end of its lease), 2 reapers (dead node -> "node until")
-- ARGV: 9 node, 10 lease, 11 how long a dead node is left to one reaper (milliseconds)
-- Returns: { whether the node's own lease had run out, living nodes, dead nodes }

local node = ARGV[9]
local own = redis.call('ZSCORE', KEYS[1], node)
local lost = (own and tonumber(own) > now) and 0 or 1
-- A node that was itself taken for dead was not the only one to be silent: Redis was away. The
-- others get a turn to show themselves.
local few = lost == 1 and 0 or 16
redis.call('ZADD', KEYS[1], whole(now + tonumber(ARGV[10])), node)
redis.call('HDEL', KEYS[2], node)
local dead = {}
for _, other in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(now), 'LIMIT', 0, few)) do
  local reaper, ends = string.match(redis.call('HGET', KEYS[2], other) or '', '^(%S+) (%d+)$')
  if not reaper or reaper == node or tonumber(ends) <= now then
    redis.call('HSET', KEYS[2], other, node .. ' ' .. whole(now + tonumber(ARGV[11])))
    dead[#dead + 1] = other
  end
end
return { lost, redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. whole(now), '+inf'), dead }
