#!lua
-- uses: log player
-- A connection lives.
-- ARGV: 9 connection, 10 node
-- Result: whether the player arrived by that

local arrived = 0
if not field('present') then
  arrived = 1
  set('present', 1, 'since', whole(wall))
end
redis.call('HSET', conns, ARGV[9], ARGV[10])
return { arrived, {}, snapshot() }
