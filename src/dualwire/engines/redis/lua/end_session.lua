#!lua flags=allow-oom
-- uses: log player
-- End the player's session now: logout, revocation.
-- ARGV: 9 code, 10 flush (0 or 1), 11 and 12 what the node has seen (epoch, offset)
--   13 which session; empty for the current one. Another one is only retired.
-- Result: the session that ended, empty for none

local current, entry = field('session'), {}
if ARGV[13] ~= '' and ARGV[13] ~= current then
  redis.call('HSET', ids, ARGV[13], 'r ' .. whole(now) .. ' ' .. ARGV[9])
  return { '', {}, snapshot() }
end
if current then
  redis.call('HSET', ids, current, 'r ' .. whole(now) .. ' ' .. ARGV[9])
  entry = session_ended(ARGV[11], ARGV[12], current, ARGV[9], ARGV[10])
end
forget()
return { current or '', entry, snapshot() }
