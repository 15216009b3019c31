#!lua flags=allow-oom
-- Keep what belongs to a followed stream: it is in use, even if nothing is said in it.
-- KEYS: any of one slot; ARGV: 1 milliseconds
-- Returns: how many there were

local kept = 0
for _, key in ipairs(KEYS) do
  kept = kept + redis.call('PEXPIRE', key, ARGV[1])
end
return kept
