#!lua
-- uses: log
-- Count an attempt: a bucket that drips, as in dualwire.core.limits.
-- KEYS: 1 the moment at which everything that was taken is paid for
-- ARGV: 9 what one costs, 10 what the bucket holds (milliseconds, with fractions)
-- Returns: milliseconds until there is room, as text; not above 0 when this one was counted

local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + tonumber(ARGV[9])
local wait = paid - now - tonumber(ARGV[10])
if wait <= 0 then
  redis.call('SET', KEYS[1], string.format('%.3f', paid), 'PX', whole(math.ceil(paid - now)))
end
return string.format('%.3f', wait)
