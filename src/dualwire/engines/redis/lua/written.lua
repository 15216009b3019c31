#!lua flags=allow-oom
-- Up to where connections of the player's session were written.
-- KEYS: 1 written; returns: stream, "epoch offset", ...

return redis.call('HGETALL', KEYS[1])
