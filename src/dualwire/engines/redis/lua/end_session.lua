#!lua flags=allow-oom
-- uses: log player
-- End the player's session now: logout, revocation.
-- ARGV: 9 code, 10 flush (0 or 1), 11 and 12 what the node has seen (epoch, offset)
-- Result: the session that ended, empty for none

local current, entry = field('session'), {}
if current then
  redis.call('HSET', ids, current, 'r ' .. whole(now) .. ' ' .. ARGV[9])
  entry = session_ended(ARGV[11], ARGV[12], current, ARGV[9], ARGV[10])
end
forget()
return { current or '', entry, snapshot() }
