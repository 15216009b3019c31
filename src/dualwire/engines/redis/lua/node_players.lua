#!lua flags=allow-oom
-- The players that a node looks after: add some, remove some, name some.
-- KEYS: 1 players; ARGV: 1 how many to name, 2 number to add, they, those to remove
-- Returns: some of them

local more = tonumber(ARGV[2])
for i = 3, 2 + more do
  redis.call('SADD', KEYS[1], ARGV[i])
end
for i = 3 + more, #ARGV do
  redis.call('SREM', KEYS[1], ARGV[i])
end
if ARGV[1] == '0' then
  return {}
end
return redis.call('SRANDMEMBER', KEYS[1], ARGV[1])
