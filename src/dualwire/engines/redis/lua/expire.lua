#!lua flags=allow-oom
-- uses: log player
-- What became due for a player: departure after the grace, the end of the session after the resume
-- window. Of all nodes that ask, one is told of each.
-- Result: { left, lapsed }

local left, lapsed = 0, 0
if none_lives() then
  if field('present') and number('grace') <= now then
    redis.call('HDEL', player, 'present', 'since')
    left = 1
  end
  if field('resume') and number('resume') <= now then
    local current = field('session')
    if current then
      redis.call('HSET', ids, current, 'l ' .. whole(now))
    end
    forget()
    lapsed = 1
  end
end
return { { left, lapsed }, {}, snapshot() }
