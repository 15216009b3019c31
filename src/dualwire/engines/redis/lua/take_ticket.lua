#!lua flags=allow-oom
-- uses: log
-- Spend a ticket. KEYS: 1 ticket
-- Returns: { milliseconds that it would still have lived, what it says }, or nothing

local known = redis.call('GETDEL', KEYS[1])
if not known then
  return {}
end
local ends, says = string.match(known, '^(%d+) (.*)$')
if tonumber(ends) <= now then
  return {}
end
return { tonumber(ends) - now, says }
