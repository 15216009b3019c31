#!lua
-- uses: log player
-- Keep what the application tells about a player.
-- ARGV: from 9: name, JSON, name, JSON, ...
-- Result: whether the player is known

if not field('present') and not field('resume') then
  return { 0, {}, {} }
end
for i = 9, #ARGV, 2 do
  redis.call('HSET', info, ARGV[i], ARGV[i + 1])
end
return { 1, {}, snapshot() }
