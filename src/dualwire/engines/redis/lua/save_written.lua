#!lua
-- uses: log player
-- Advance the position up to which some connection of a session was written.
-- ARGV: 9 session, from 10: stream, epoch, offset, ...
-- Result: whether it is the player's session

if field('session') ~= ARGV[9] then
  return { 0, {}, {} }
end
for i = 10, #ARGV, 3 do
  local known = redis.call('HGET', written, ARGV[i]) or ' 0'
  local epoch, offset = string.match(known, '^(%S*) (%d+)$')
  if epoch < ARGV[i + 1] or (epoch == ARGV[i + 1] and tonumber(offset) < tonumber(ARGV[i + 2])) then
    redis.call('HSET', written, ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2])
  end
end
redis.call('PEXPIRE', written, ARGV[7])
return { 1, {}, {} }
