#!lua flags=allow-oom
-- A dead node left nothing behind any more, or a living one stopped.
-- KEYS: 1 alive, 2 reapers; ARGV: 1 node

redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
